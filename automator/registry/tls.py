"""Whom a registry host's TLS trusts, and what it shows of itself. Files are named in errors, never quoted."""

import ssl
from pathlib import Path

import httpx

from automator.errors import Unavailable
from automator.registry.settings import HostSettings


def make_context(settings: HostSettings) -> ssl.SSLContext:
    """The usual certificate authorities, the registry's own beside them, and the certificate to show.

    Raises Unavailable for a file that cannot be used. Hosts without files of their own should share a context: reading
    the authorities takes longer than a poll of a small registry.
    """
    context = httpx.create_ssl_context()
    if settings.ca_file is not None:
        try:
            context.load_verify_locations(cafile=settings.ca_file)
        except OSError as error:
            raise _unusable(
                f"the certificate authorities in {settings.ca_file}",
                error,
                location=settings.host,
                hint="`ca_file` is a file of certificates in PEM form",
            ) from error
    if settings.client_certificate_file is not None:
        _show(context, settings.client_certificate_file, settings)
    return context


def _show(context: ssl.SSLContext, certificate_file: Path, settings: HostSettings) -> None:
    try:
        context.load_cert_chain(certificate_file, settings.client_key_file, password=_no_password)
    except OSError as error:
        key_file = settings.client_key_file or certificate_file
        raise _unusable(
            f"the client certificate in {certificate_file} with the key in {key_file}",
            error,
            location=settings.host,
            hint="`client_certificate_file` and `client_key_file` are in PEM form, belong together and have no password",
        ) from error


def _no_password() -> str:
    """For a key that wants one; OpenSSL would ask at the terminal, and wait."""
    return ""


def _unusable(what: str, error: OSError, *, location: str, hint: str) -> Unavailable:
    """ssl.SSLError is an OSError too; its words are of OpenSSL, those of the others of the file system."""
    said = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return Unavailable(f"{what} cannot be used: {said}", location=location, hint=hint)
