"""Sums of money."""

import re

from models.reading.english.numerals import English
from models.reading.english.rules import DASH, NUMBER, SIGN, START, Rule, rule
from models.reading.english.tables import TABLES, one_of

_CURRENCIES: dict[str, list[str]] = TABLES["currencies"] | {
    code: TABLES["currencies"][symbol] for code, symbol in TABLES["codes"].items()
}
_SYMBOL = rf"(?P<symbol>{one_of(_CURRENCIES)})"
_MAGNITUDE = rf"(?:(?: |-)?(?P<magnitude>{one_of(TABLES['magnitudes'])})(?!\w))?"
_PER = (
    r"(?:/(?P<per>hr|hour|h|day|wk|week|mo|month|yr|year|night|person|user|seat|unit|kg|lb|m|km|mile|gallon|GB))?(?!\w)"
)
_WHOLE_WORDS = {"hr": "hour", "h": "hour", "wk": "week", "mo": "month", "yr": "year", "kg": "kilogram", "lb": "pound"}
_THINGS = r"(?P<thing>(?=[ -](?:bill|note|coin|gift|fine|check|cheque|voucher)s?\b))?"


def _sum(amount: str, currency: list[str], magnitude: str | None, english: English) -> str:
    """ "five dollars and fifty cents"; with a magnitude "three point five million dollars"."""
    one, many, cent, cents = currency
    if magnitude:
        return f"{english.number(amount)} {TABLES['magnitudes'][magnitude]} {many}"
    whole, _, hundredths = amount.replace(",", "").partition(".")
    if len(hundredths) != 2:
        return f"{english.number(amount)} {one if amount == '1' else many}"
    parts = [f"{english.number(whole)} {one if int(whole) == 1 else many}"] if int(whole or "0") else []
    if int(hundredths):
        parts.append(f"{english.cardinal(int(hundredths))} {cent if int(hundredths) == 1 else cents}")
    return " and ".join(parts) or f"zero {many}"


@rule(
    rf"(?<!\w){SIGN}{_SYMBOL} ?(?P<below>[-−])?(?P<amount>{NUMBER})(?:{DASH}(?P=symbol)?(?P<upto>{NUMBER}))?"
    rf"{_MAGNITUDE}{_PER}(?![.,]\d){_THINGS}"
)
def symbol_first(match: re.Match[str], english: English) -> str:
    currency = _CURRENCIES[match["symbol"]]
    if match["thing"] is not None and not match["magnitude"]:
        return f"{english.number(match['amount'])} {currency[0]}"
    said = _sum(match["upto"] or match["amount"], currency, match["magnitude"], english)
    if match["upto"]:
        said = f"{english.number(match['amount'])} to {said}"
    return _signed(match, said + _per(match["per"]))


@rule(rf"{START}{SIGN}(?P<amount>{NUMBER}){_MAGNITUDE} ?{_SYMBOL}(?!\w|\d)")
def symbol_last(match: re.Match[str], english: English) -> str:
    return _signed(match, _sum(match["amount"], _CURRENCIES[match["symbol"]], match["magnitude"], english))


@rule(rf"{START}(?P<amount>{NUMBER}) ?¢")
def cents(match: re.Match[str], english: English) -> str:
    return f"{english.number(match['amount'])} cent{'' if match['amount'] == '1' else 's'}"


@rule(rf"{START}(?P<amount>\d{{1,2}})p(?!\w|\.\d)")
def pence(match: re.Match[str], english: English) -> str | None:
    return (
        f"{english.number(match['amount'])} {'penny' if match['amount'] == '1' else 'pence'}"
        if english.british
        else None
    )


def _per(unit: str | None) -> str:
    return f" per {_WHOLE_WORDS.get(unit, unit)}" if unit else ""


def _signed(match: re.Match[str], said: str) -> str:
    return f"minus {said}" if match[0][0] in "-−" or match.groupdict().get("below") else said


RULES: tuple[Rule, ...] = (symbol_first, symbol_last, cents, pence)
