"""Why an upload or a download is refused."""

from app.errors import Conflict, Forbidden, ProductError, TooLarge, TooManyTries


class MediaTooLarge(TooLarge):
    """The file is larger than its kind may be."""

    code = "media_too_large"


class BeyondSize(TooLarge):
    """More bytes than the upload was begun with."""

    code = "beyond_size"
    detail = "收到的内容比开始上传时声明的大小还多，请重新选择文件上传。"


class WrongOffset(Conflict):
    """The piece does not begin where the upload ends; the header `Upload-Offset` says where that is."""

    code = "wrong_offset"
    detail = "这一段的起点与已上传的进度不一致，请从已上传的位置继续。"


class TooManyUploads(TooManyTries):
    """The account has too many uploads that are not finished."""

    code = "too_many_uploads"
    detail = "您还有很多没有传完的文件。请先把它们传完，或等它们在 24 小时后自动清除，再上传新的。"


class TooManyPieces(Conflict):
    """The upload came in so many small pieces that it will not end well."""

    code = "too_many_pieces"
    detail = "文件被分成了太多小段。请重新上传，每段用 1 MB 至 16 MB。"


class AddressExpired(Forbidden):
    """The signed address was right once."""

    code = "address_expired"
    detail = "链接已过期，请刷新页面后重试。"


class AddressForged(Forbidden):
    """The address was not signed by us, or not as it stands."""

    code = "address_invalid"
    detail = "链接不完整或不正确，请回到资料页面重新打开。"


class RangeOutside(ProductError):
    """416: no byte of the range is in the file."""

    status = 416
    title = "范围超出文件"
    code = "range_outside"
    detail = "请求的范围超出文件，请从头播放。"
