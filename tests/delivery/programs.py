"""Programs that write down what they were given, for tests of what is sent."""

from __future__ import annotations

from pathlib import Path

SCRIPT = """\
#!/bin/sh
number=$(ls {directory} | wc -l)
mkdir {directory}/$number
for word; do printf '%s\\n' "$word"; done > {directory}/$number/argv
env > {directory}/$number/environment
cat > {directory}/$number/given
ls -RA {home} > {directory}/$number/seen
{end}
"""


class Recorder:
    """A program; each run leaves a record of its arguments, environment and standard input."""

    def __init__(self, base: Path, home: Path, name: str = "sendmail") -> None:
        self._directory = base / f"{name}-runs"
        self._directory.mkdir()
        self._home = home
        self.path = base / name
        self.ends("exit 0")

    def ends(self, end: str) -> None:
        text = SCRIPT.format(directory=self._directory, home=self._home, end=end)
        self.path.write_text(text)
        self.path.chmod(0o700)

    @property
    def runs(self) -> list[tuple[list[str], bytes]]:
        """(arguments, standard input) of each."""
        return [
            ((run / "argv").read_text().splitlines(), (run / "given").read_bytes())
            for run in sorted(self._directory.iterdir())
        ]

    def environment(self, number: int = 0) -> dict[str, str]:
        lines = (self._directory / str(number) / "environment").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def seen(self, number: int = 0) -> str:
        """What lay in the home while it ran."""
        return (self._directory / str(number) / "seen").read_text()
