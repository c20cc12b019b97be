"""Amounts in Chinese capitals, as financial documents write them beside the digits (正确填写票据和结算凭证的基本规定)."""

from typing import Final

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = ("", "万", "亿", "万亿")
"""Units of groups of four digits."""

AMOUNT_MAX_FEN: Final = 10**18 - 1


def capitals(amount_fen: int) -> str:
    """The amount in capitals: 105007 fen is 壹仟零伍拾元零柒分. Raises `ValueError` beyond `AMOUNT_MAX_FEN`."""
    if abs(amount_fen) > AMOUNT_MAX_FEN:
        raise ValueError("the amount is beyond what is written in capitals")
    sign = "负" if amount_fen < 0 else ""
    yuan, fen = divmod(abs(amount_fen), 100)
    jiao, fen = divmod(fen, 10)
    whole = f"{_whole(yuan)}元" if yuan else ""
    if not jiao and not fen:
        return f"{sign}{whole or '零元'}整"
    # a zero stands for the missing jiao between yuan and fen
    tenths = f"{_DIGITS[jiao]}角" if jiao else "零" if yuan else ""
    return f"{sign}{whole}{tenths}{f'{_DIGITS[fen]}分' if fen else '整'}"


def _whole(number: int) -> str:
    """A positive whole number. Zeros in a row are written once, and those that end a group are left out."""
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    text, gap = "", False
    for index in reversed(range(len(groups))):
        group = groups[index]
        if not group:
            gap = bool(text)
            continue
        if text and (gap or group < 1000):
            text += "零"
        text += _group(group) + _GROUPS[index]
        gap = False
    return text


def _group(number: int) -> str:
    """1 to 9999."""
    text, gap = "", False
    for place in reversed(range(4)):
        digit = number // 10**place % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + _PLACES[place]
            gap = False
        else:
            gap = True
    return text
