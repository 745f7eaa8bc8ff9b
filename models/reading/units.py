"""Units of measure, by symbol, and their names from CLDR (through Babel)."""

import re
from functools import cache

from babel.numbers import get_currency_name
from babel.units import format_unit

from models.reading.words import Noun

SYMBOLS = {
    "km/h": "speed-kilometer-per-hour",
    "m/s": "speed-meter-per-second",
    "mph": "speed-mile-per-hour",
    "km²": "area-square-kilometer",
    "km2": "area-square-kilometer",
    "m²": "area-square-meter",
    "m2": "area-square-meter",
    "cm²": "area-square-centimeter",
    "m³": "volume-cubic-meter",
    "m3": "volume-cubic-meter",
    "cm³": "volume-cubic-centimeter",
    "km": "length-kilometer",
    "m": "length-meter",
    "cm": "length-centimeter",
    "mm": "length-millimeter",
    "kg": "mass-kilogram",
    "Kg": "mass-kilogram",
    "g": "mass-gram",
    "mg": "mass-milligram",
    "t": "mass-tonne",
    "ha": "area-hectare",
    "l": "volume-liter",
    "L": "volume-liter",
    "dl": "volume-deciliter",
    "cl": "volume-centiliter",
    "ml": "volume-milliliter",
    "mL": "volume-milliliter",
    "min": "duration-minute",
    "s": "duration-second",
    "ms": "duration-millisecond",
    "°C": "temperature-celsius",
    "° C": "temperature-celsius",
    "℃": "temperature-celsius",
    "ºC": "temperature-celsius",
    "º C": "temperature-celsius",
    "°F": "temperature-fahrenheit",
    "℉": "temperature-fahrenheit",
    "°": "angle-degree",
    "kB": "digital-kilobyte",
    "KB": "digital-kilobyte",
    "MB": "digital-megabyte",
    "GB": "digital-gigabyte",
    "TB": "digital-terabyte",
    "Hz": "frequency-hertz",
    "kHz": "frequency-kilohertz",
    "MHz": "frequency-megahertz",
    "GHz": "frequency-gigahertz",
    "W": "power-watt",
    "kW": "power-kilowatt",
    "MW": "power-megawatt",
    "kWh": "energy-kilowatt-hour",
    "V": "electric-volt",
    "mA": "electric-milliampere",
    "kcal": "energy-kilocalorie",
    "hPa": "pressure-hectopascal",
    "mmHg": "pressure-millimeter-ofhg",
}
CURRENCIES = (
    *("EUR", "USD", "GBP", "JPY", "CNY", "INR", "BRL", "CHF", "CAD", "AUD", "NZD", "MXN", "ARS", "CLP", "COP", "PEN"),
    *("SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "TRY", "KRW", "SGD", "HKD", "ZAR"),
)

_NUMBER = re.compile(r"[\d.,]+\s*")


@cache
def unit(symbol: str, locale: str) -> Noun:
    """The name of one of `SYMBOLS` in the language of `locale`."""
    one, many = (_NUMBER.sub("", format_unit(n, SYMBOLS[symbol], "long", locale=locale)) for n in (1, 2))
    return Noun(one, many)


@cache
def currency(code: str, locale: str) -> Noun:
    """The name of one of `CURRENCIES` in the language of `locale`."""
    one, many = (get_currency_name(code, n, locale).lower() for n in (1, 2))
    return Noun(one, many)
