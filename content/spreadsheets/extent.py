"""How far a sheet reaches, and where its formulas failed: known before its cells are read."""

from dataclasses import dataclass, field

from content.errors import ContentError
from content.spreadsheets.cells import MAX_COLUMNS, CellError

# Of all sheets of a file. The reader keeps each as one rectangle: a stray cell in the last corner of one would need
# more memory than there is.
MAX_CELLS = 10_000_000
MAX_ERRORS = 100_000


@dataclass
class Extent:
    """Grows with each cell that holds something; rows and columns are counted from 0."""

    last_row: int = -1
    last_column: int = -1
    errors: dict[tuple[int, int], CellError] = field(default_factory=dict)

    def add(self, row: int, column: int) -> None:
        """Reach as far as this cell."""
        if row > self.last_row:
            self.last_row = row
        if column > self.last_column:
            self.last_column = column

    def add_error(self, row: int, column: int, error: CellError) -> None:
        """Remember a formula that failed."""
        if column < MAX_COLUMNS:
            self.errors[row, column] = error
        if len(self.errors) > MAX_ERRORS:
            raise ContentError("too_many_errors", "表格中出错的公式（如 #N/A）过多，请先修正或粘贴为数值后重新上传。")

    @property
    def cells(self) -> int:
        """How many cells the rectangle has."""
        return (self.last_row + 1) * (self.last_column + 1)

    def check(self, title: str, left: int) -> None:
        """Raise `stray_cells` for a sheet that reaches over more than `left` cells."""
        if self.cells > left:
            raise ContentError(
                "stray_cells",
                f"工作表「{title}」的内容一直到第 {self.last_row + 1} 行、第 {self.last_column + 1} 列，范围过大。"
                "请删除表格以外的零散内容后重新上传。",
            )
