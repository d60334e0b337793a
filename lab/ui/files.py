"""Files: asking where, and opening or writing sessions, pictures, charts and reports."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from lab.cluster.refused import Refused
from lab.disks.exporting import export_cluster
from lab.lessons.report import Picture, RunReport, report_of
from lab.lessons.writer import write_scenario
from lab.ui.charts.export import png_bytes
from lab.ui.report import write_html, write_pdf
from lab.ui.screenshot import save_picture

if TYPE_CHECKING:
    from lab.ui.main_window import MainWindow

SESSION_FILTER = "Streaming Lab session (*.json)"
OPEN_FILTER = "Session or scenario (*.json *.md)"
PICTURE_SCALE = 2.0


class Files:
    """Each `ask_…` shows a file dialog and then calls the function beside it, which takes the path."""

    def __init__(self, window: "MainWindow") -> None:
        self.window = window

    # --- asking -----------------------------------------------------------------------------------

    def ask_open(self) -> None:
        """Choose a session file and open it."""
        name, _ = QFileDialog.getOpenFileName(self.window, "Open a session or a scenario", "", OPEN_FILTER)
        if name:
            self.window.open_session(name)

    def ask_save(self) -> None:
        """Choose where, then save the session."""
        self._ask("Save the session", "session.json", SESSION_FILTER, self.save_session)

    def ask_scenario(self) -> None:
        """Choose where, then write the cluster as it stands as a scenario file."""
        self._ask("Save as a scenario", "scenario.md", "Scenario (*.md)", self.write_scenario)

    def ask_disks(self) -> None:
        """Choose an empty folder, then write the disks of all servers into it."""
        chosen = QFileDialog.getExistingDirectory(self.window, "An empty folder for the disks of all servers")
        if chosen:
            self.try_to(self.write_disks, Path(chosen))

    def ask_picture(self) -> None:
        """Choose where, then write a picture of the window."""
        self._ask("Picture of the window", "lab.png", "PNG (*.png)", self.write_picture)

    def ask_charts(self, kind: str) -> None:
        """Choose where, then write the charts as `png`, `svg` or `csv`."""
        what = f"{kind.upper()} (*.{kind})"
        self._ask("Charts", f"charts.{kind}", what, lambda path: self.write_charts(path, kind))

    def ask_report(self, kind: str) -> None:
        """Choose where, then write the run report as `html` or `pdf`."""
        what = f"{kind.upper()} (*.{kind})"
        self._ask("Run report", f"report.{kind}", what, lambda path: self.write_report(path, kind))

    def _ask(self, title: str, name: str, what: str, write: Callable[[Path], None]) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self.window, title, name, what)
        if chosen:
            path = Path(chosen)
            self.try_to(write, path if path.suffix else path.with_suffix(Path(name).suffix))

    def try_to(self, write: Callable[[Path], None], path: Path) -> None:
        """Write, and say how it went in a banner."""
        try:
            write(path)
        except Refused as refused:
            self.window.say(str(refused))
        except OSError as wrong:
            self.window.say(f"{path.name} could not be written: {wrong.strerror or wrong}")
        else:
            self.window.say(f"Written: {path}", "ok")

    # --- writing ----------------------------------------------------------------------------------

    def save_session(self, path: Path) -> None:
        """Write the session: its set-up, seed and journal."""
        assert self.window.session is not None
        self.window.session.save(path)
        self.window.remember(path)

    def write_scenario(self, path: Path) -> None:
        """Write the machines, topics and clients of now as a scenario that opens again."""
        assert self.window.session is not None
        write_scenario(self.window.session, path)

    def write_disks(self, path: Path) -> None:
        """Write the disks of brokers and controllers as a crash now would leave them."""
        session = self.window.session
        assert session is not None
        export_cluster(session.world, session.spec, path)

    def write_picture(self, path: Path) -> None:
        """Write the whole window as a PNG, two pixels to one."""
        save_picture(self.window, path, PICTURE_SCALE)

    def write_charts(self, path: Path, kind: str) -> None:
        """Write the strip charts."""
        assert self.window.session is not None
        self.window.page.bottom.export(path, kind, self.window.session)

    def write_report(self, path: Path, kind: str) -> None:
        """Write the run report."""
        run = self.run_picture()
        (write_pdf if kind == "pdf" else write_html)(run, path)

    def run_picture(self) -> RunReport:
        """Everything a report shows, as it is now."""
        session, page = self.window.session, self.window.page
        assert session is not None
        pictures = (
            Picture("The cluster", png_bytes(page.stage)),
            Picture("Over time", png_bytes(page.bottom)),
        )
        return report_of(session, pictures)
