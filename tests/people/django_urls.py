"""What django_provider serves, and what it says of people."""

from typing import Any

from django.contrib.auth.views import LoginView
from django.urls import include, path
from oauth2_provider.oauth2_validators import OAuth2Validator

urlpatterns = [
    path("login/", LoginView.as_view(template_name="login.html")),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]


class Says(OAuth2Validator):  # type: ignore[misc] # has no types
    def get_additional_claims(self, request: Any) -> dict[str, Any]:  # noqa: ANN401 - has no types
        return {"preferred_username": request.user.username}
