"""Certificates that sign themselves, made by openssl(1) for one test."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

__all__ = ["Certificate"]


class Certificate:
    """``certificate`` and ``key``: PEM files in ``directory``. ``names``: whom it is for, as in `DNS:localhost`."""

    def __init__(self, directory: Path, *names: str) -> None:
        self.certificate, self.key = directory / "certificate.pem", directory / "key.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        command += ["-days", "2", "-subj", "/CN=pyfilter", "-addext", f"subjectAltName={','.join(names)}"]
        command += ["-out", str(self.certificate), "-keyout", str(self.key)]
        subprocess.run(command, check=True, capture_output=True)

    def server(self) -> ssl.SSLContext:
        """What a server shows it with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context
