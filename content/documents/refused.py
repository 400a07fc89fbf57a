"""Files that we know and do not read: each has its own code and says what to save as."""

_TO_DOCX = "请用 Word 或 WPS 打开并另存为 .docx 后重新上传。"
_TO_PPTX = "请用 PowerPoint 或 WPS 打开并另存为 .pptx 后重新上传。"
_TO_PDF = "请用阅读软件打开并另存（或打印）为 PDF 后重新上传。"
_TO_JPG = "请另存为 JPG 或 PNG 后重新上传。"
_NO_MACROS = "文件是启用宏的格式，请另存为不含宏的 {} 后重新上传。"

# (extensions, code, what to do)
_TABLE = (
    ("doc dot", "unsupported_doc", f"旧版 .doc 无法直接读取，{_TO_DOCX}"),
    ("wps wpt", "unsupported_wps", f"WPS 文字（.wps）无法直接读取，{_TO_DOCX}"),
    ("ppt pps pot", "unsupported_ppt", f"旧版 .ppt 无法直接读取，{_TO_PPTX}"),
    ("dps dpt", "unsupported_dps", f"WPS 演示（.dps）无法直接读取，{_TO_PPTX}"),
    ("ofd", "unsupported_ofd", f"OFD 版式文件无法直接读取，{_TO_PDF}"),
    ("rtf", "unsupported_rtf", f"RTF 无法直接读取，{_TO_DOCX}"),
    ("odt", "unsupported_odt", f"ODT 无法直接读取，{_TO_DOCX}"),
    ("odp", "unsupported_odp", f"ODP 无法直接读取，{_TO_PPTX}"),
    ("docm dotm", "has_macros", _NO_MACROS.format(".docx")),
    ("pptm ppsm potm", "has_macros", _NO_MACROS.format(".pptx")),
    ("dotx", "unsupported_template", f"这是 Word 模板，{_TO_DOCX}"),
    ("ppsx potx", "unsupported_template", f"这是放映文件或演示模板，{_TO_PPTX}"),
    (
        "xls xlsx xlsm xlsb et csv ods",
        "unsupported_spreadsheet",
        "这是表格，不能作为资料正文。请把内容复制到 Word，另存为 .docx 后上传；试题请用题库导入。",
    ),
    ("svg svgz", "unsupported_svg", f"SVG 图片可能含有脚本，不能上传，{_TO_JPG}"),
    ("tif tiff", "unsupported_tiff", f"TIFF 图片无法显示，{_TO_JPG}"),
    ("heic heif avif", "unsupported_heic", f"手机的 HEIC 图片无法显示，{_TO_JPG}"),
    ("emf wmf", "unsupported_metafile", f"EMF、WMF 图片无法显示，{_TO_JPG}"),
    (
        "mht mhtml",
        "unsupported_mhtml",
        "单个网页文件（.mht）无法读取，请在浏览器中另存为“仅 HTML”，或复制正文粘贴到编辑框。",
    ),
    (
        "exe dll bat cmd com msi js vbs ps1 sh jar apk",
        "unsupported_executable",
        "程序或脚本文件不能上传，请选择文档、图片、音频或视频。",
    ),
    ("zip rar 7z gz tar", "unsupported_archive", "压缩包不能上传，请解压后逐个上传其中的文件。"),
    ("txt", "unsupported_txt", "纯文本请复制到编辑框，或在 Word、WPS 中打开并另存为 .docx 后上传。"),
)
# extension -> (code, what to do)
REFUSED = {extension: (code, detail) for extensions, code, detail in _TABLE for extension in extensions.split()}
