"""Passwords that must be read again, sealed with a key that is not in the database."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ami_bridge.config_check import NO_KEY, is_key, key_bytes
from ami_bridge.errors import ConfigError

NONCE_BYTES = 12
VERSION = b"\x01"


class Vault:
    """Seals and opens with AES-256-GCM. A seal holds for one login: moved to another row it does not open."""

    def __init__(self, key: str) -> None:
        """Take the key as the file has it: 32 random bytes in base64."""
        if not is_key(key):
            raise ConfigError(f"[people.key_file]: {NO_KEY}")
        self._cipher = AESGCM(key_bytes(key))

    def seal(self, secret: str, *, login: str) -> bytes:
        """Return the secret as the database may keep it."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return VERSION + nonce + self._cipher.encrypt(nonce, secret.encode(), login.encode())

    def open(self, sealed: bytes, *, login: str) -> str | None:
        """Return what was sealed; None where it is another key's, another login's, or broken."""
        nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        if sealed[:1] != VERSION or len(nonce) < NONCE_BYTES:
            return None
        try:
            return self._cipher.decrypt(nonce, rest, login.encode()).decode()
        except (InvalidTag, ValueError):
            return None
