"""TaskList: what is to be brought about, each with its state as a shape."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from lab.lessons.views import TaskView
from lab.lessons.wording import plain, rich
from lab.ui.labels import pixmap, set_rich, set_role, text_label

MARKS = {
    "done": ("circle-check", "ok"),
    "current": ("circle-dot", "t1"),
    "failed": ("circle-x", "fail"),
    "waiting": ("circle", "t3"),
}
ROLES = {"done": "task-done", "current": "task-current", "failed": "task-failed"}


class TaskList(QWidget):
    """Shows `TaskView`s under a heading with how many are done."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tasks: tuple[TaskView, ...] | None = None
        self.rows: list[tuple[QLabel, QLabel]] = []
        self.count = text_label("", "caption")
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setHorizontalSpacing(10)
        self.grid.setVerticalSpacing(11)
        self.grid.setColumnStretch(1, 1)
        self.grid.addWidget(text_label("Tasks", "card-title"), 0, 0, 1, 2)
        self.grid.addWidget(self.count, 0, 2, Qt.AlignmentFlag.AlignRight)

    def set_tasks(self, tasks: tuple[TaskView, ...]) -> None:
        """Show `tasks`."""
        if tasks == self.tasks:
            return
        self.tasks = tasks
        self.setVisible(bool(tasks))
        done = sum(task.state == "done" for task in tasks)
        self.count.setText(f"{done} of {len(tasks)}")
        while len(self.rows) < len(tasks):
            self._add_row()
        for at, (mark, text) in enumerate(self.rows):
            mark.setVisible(at < len(tasks))
            text.setVisible(at < len(tasks))
            if at < len(tasks):
                self._show(tasks[at], mark, text)

    def update_theme(self) -> None:
        """Redraw the marks in the current theme."""
        tasks, self.tasks = self.tasks, None
        if tasks is not None:
            self.set_tasks(tasks)

    def _add_row(self) -> None:
        mark, text = QLabel(), text_label("", "task", wrap=True)
        at = len(self.rows) + 1
        self.grid.addWidget(mark, at, 0, Qt.AlignmentFlag.AlignTop)
        self.grid.addWidget(text, at, 1, 1, 2)
        self.rows.append((mark, text))

    def _show(self, task: TaskView, mark: QLabel, text: QLabel) -> None:
        name, colour = MARKS.get(task.state, MARKS["waiting"])
        mark.setPixmap(pixmap(name, colour, 18))
        problem = f"<br>{rich(task.problem)}" if task.problem else ""
        set_rich(text, rich(task.text) + problem)
        set_role(text, ROLES.get(task.state, "task"))
        text.setAccessibleName(f"{plain(task.text)}: {task.state}")
