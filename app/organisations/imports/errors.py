"""What can stand in the way of an import."""

from app.errors import Conflict, Invalid


class RejectedLines(Invalid):
    """Some lines cannot be imported, so none was."""

    code = "rejected_lines"
    detail = "名册中有不能导入的行，本次没有导入任何内容。请按提示逐行修改后重新上传。"


class QuestionsOpen(Conflict):
    """Some lines could mean one person or another, so none was imported."""

    code = "questions_open"
    detail = "名册中有需要确认的行，本次没有导入任何内容。请先逐行确认是不是同一个人，再导入。"


class RosterChanged(Conflict):
    """Members or organisations have changed since the roster was checked."""

    code = "roster_changed"
    detail = "检查之后，名册或党组织已被他人修改，本次没有导入任何内容。已重新检查，请核对结果后再导入。"


class ImportInterrupted(Invalid):
    """The process that was at it is gone; nothing was imported."""

    code = "import_interrupted"
    detail = "检查中断，没有导入任何内容，请重新上传。"
    # What was checked before, with its answers, is still there.
    detail_of_checked = "导入中断，没有导入任何内容；检查结果和已作的回答都还在，请再导入一次。"


class ImportExpired(Conflict):
    """What stood in the lines is not kept for longer."""

    code = "import_expired"
    detail = "检查已超过 30 天，名册内容不再保留。请重新上传。"


class TargetArchived(Conflict):
    """The organisation that is imported into is not there any more."""

    code = "import_target_archived"
    detail = "要导入到的党组织已撤销，没有导入任何内容。请重新上传，导入到现在的党组织。"


class TooManyImports(Conflict):
    """Each account has a few imports at once."""

    code = "too_many_imports"
    detail = "您还有 3 个名册正在读取或导入，请等其中一个完成后再上传。"


class NotChecked(Conflict):
    """It is still being read, or applied already, or there is nothing to apply."""

    code = "import_not_checked"
    detail = "这次导入不是“已检查、尚未导入”的状态，请刷新后查看结果。"


class NotApplied(Conflict):
    """There is nothing to take back."""

    code = "import_not_applied"
    detail = "这次导入没有完成导入，无需撤销。"


class NotAQuestion(Conflict):
    """The line needs no answer."""

    code = "not_a_question"
    detail = "这一行不需要确认，请刷新后查看。"


class NotACandidate(Conflict):
    """The answer names somebody who was not offered."""

    code = "not_a_candidate"
    detail = "所选的人不在这一行的备选党员之中，请刷新后重新选择。"


class ImportInUse(Conflict):
    """Something stands on what was imported."""

    code = "import_in_use"
    detail = "这次导入的部分党员之后又有变动或已经开始使用，不能整体撤销。请按下列名单逐人处理。"


class UndoExpired(Conflict):
    """What was before is not kept for longer."""

    code = "undo_expired"
    detail = "导入已超过 30 天，原来的内容不再保留，不能撤销。请逐人修改。"


class AnotherImport(Conflict):
    """Only one import changes the roster at a time."""

    code = "another_import"
    detail = "另一次名册导入正在进行，请稍后再试。"
