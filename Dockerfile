# The daemon's image; the compose set also uses it for the groupware and for writing the configuration.
# Another base that has Python 3.11 or newer: docker build --build-arg BASE=…
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
RUN python -m venv /opt/ami-bridge
COPY requirements.txt /src/
# Only what the lock names, with its hashes.
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/ami-bridge/bin/pip install --disable-pip-version-check --require-hashes -r /src/requirements.txt
COPY pyproject.toml README.md LICENSE /src/
COPY dialplan /src/dialplan
COPY sounds /src/sounds
COPY ami_bridge /src/ami_bridge
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/ami-bridge/bin/pip install --disable-pip-version-check --no-deps /src

FROM ${BASE}
# For people and passwords from an LDAP directory: it is asked by OpenLDAP's own programs. For recordings of alarm sounds.
RUN apt-get update && apt-get install --yes --no-install-recommends ffmpeg ldap-utils && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/ami-bridge /opt/ami-bridge
# A named volume takes owner and mode from here.
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/ami-bridge
ENV PATH=/opt/ami-bridge/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# By number, so that an orchestrator sees that it is not root.
USER 10001:10001
EXPOSE 8088
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --start-interval=1s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ.get('AMI_BRIDGE_WEB_PORT') or 8088}/readyz\", timeout=4)"]
ENTRYPOINT ["ami-bridge"]
CMD ["run"]
