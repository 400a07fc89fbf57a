"""The colours of a slide: those of its theme by their names, and what is made of them."""

import colorsys
from collections.abc import Mapping
from xml.etree.ElementTree import Element

from PIL import ImageColor

from content.documents.drawing.numbers import number

# Red, green, blue and how much it covers, 0 to 255 each.
Colour = tuple[int, int, int, int]
Palette = Mapping[str, Colour]

BLACK: Colour = (0, 0, 0, 255)
WHITE: Colour = (255, 255, 255, 255)
CLEAR: Colour = (0, 0, 0, 0)
# What a master without a map of its own means.
_NAMES = {"bg1": "lt1", "tx1": "dk1", "bg2": "lt2", "tx2": "dk2"}
_WHOLE = 100_000


def palette_of(theme: Element | None, *maps: Element | None) -> Palette:
    """Return the colours of a theme by all names that a slide has for them; the first of `maps` counts."""
    scheme = theme.find("{*}themeElements/{*}clrScheme") if theme is not None else None
    colours: dict[str, Colour] = {"dk1": BLACK, "lt1": WHITE, "dk2": BLACK, "lt2": WHITE}
    for each in scheme if scheme is not None else ():
        found = colour_of(each, {})
        if found is not None:
            colours[_name(each)] = found
    names = next((each.attrib for each in maps if each is not None and each.attrib), _NAMES)
    return colours | {name: colours[known] for name, known in names.items() if known in colours}


def colour_of(holder: Element | None, palette: Palette, base: Colour | None = None) -> Colour | None:
    """Return the colour that an element holds, or None; `base` is what "the colour of the style" stands for."""
    for each in holder if holder is not None else ():
        found = _named(each, palette, base)
        if found is not None:
            return _changed(found, each)
    return None


def fill_of(properties: Element | None, palette: Palette, base: Colour | None = None) -> Colour | None:
    """Return the fill that is given, CLEAR for none, or None where nothing is said; of a gradient its mean."""
    for each in properties if properties is not None else ():
        name = _name(each)
        if name == "noFill":
            return CLEAR
        if name == "solidFill":
            return colour_of(each, palette, base) or base
        if name == "gradFill":
            stops = [colour_of(stop, palette, base) for stop in each.iterfind("{*}gsLst/{*}gs")]
            return _mean([stop for stop in stops if stop is not None])
        if name == "pattFill":
            return colour_of(each.find("{*}bgClr"), palette, base)
    return None


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _named(element: Element, palette: Palette, base: Colour | None) -> Colour | None:
    name, value = _name(element), element.get("val", "")
    if name == "schemeClr":
        return base if value == "phClr" else palette.get(value)
    if name == "sysClr":
        value = element.get("lastClr", "")
    elif name == "prstClr":
        return _read(value.lower())
    elif name != "srgbClr":
        return None
    return _read(f"#{value}")


def _read(text: str) -> Colour | None:
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        return None
    return red, green, blue, 255


def _changed(colour: Colour, element: Element) -> Colour:
    red, green, blue, cover = colour
    for each in element:
        name, share = _name(each), min(max(number(each, "val", _WHOLE) / _WHOLE, 0.0), 4.0)
        if name == "alpha":
            cover = round(255 * min(share, 1.0))
        elif name in {"lumMod", "lumOff", "satMod"}:
            red, green, blue = _in_hls((red, green, blue), name, share)
        elif name in {"tint", "shade"}:
            towards = 255 * (1 - min(share, 1.0)) if name == "tint" else 0.0
            red, green, blue = (round(each * min(share, 1.0) + towards) for each in (red, green, blue))
    return red, green, blue, cover


def _in_hls(colour: tuple[int, int, int], name: str, share: float) -> tuple[int, int, int]:
    hue, light, saturation = colorsys.rgb_to_hls(*(each / 255 for each in colour))
    if name == "lumMod":
        light = min(light * share, 1.0)
    elif name == "lumOff":
        light = min(light + share, 1.0)
    else:
        saturation = min(saturation * share, 1.0)
    red, green, blue = (round(each * 255) for each in colorsys.hls_to_rgb(hue, light, saturation))
    return red, green, blue


def _mean(stops: list[Colour]) -> Colour | None:
    if not stops:
        return None
    red, green, blue, cover = (round(sum(each) / len(stops)) for each in zip(*stops, strict=True))
    return red, green, blue, cover
