"""Dates as people and machines write them, read into a day and, where given, a time and an offset.

Gregorian and Jalali (Solar Hijri) calendars, digits of every script, month names of the languages that the
corpus and the sources are written in. Lunar Hijri dates are recognised so that they are not taken for Jalali ones,
and then left alone: the day depends on who saw the moon where, and is off by one or two between countries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from persiantools.jdatetime import JalaliDate

from text.normalise import normalise

MIN_YEAR = 1995
"""No news site is older; smaller numbers are something else."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A day with what is known of its time: seconds since local midnight and the offset in minutes, or None."""

    day: date
    second: int | None = None
    offset_minutes: int | None = None

    def at(self, offset_minutes: int) -> datetime:
        """The instant in UTC, with the given offset where the stamp has none of its own."""
        offset = self.offset_minutes if self.offset_minutes is not None else offset_minutes
        zone = timezone(timedelta(minutes=offset))
        midnight = datetime(self.day.year, self.day.month, self.day.day, tzinfo=zone)
        return (midnight + timedelta(seconds=self.second or 0)).astimezone(UTC)


# One line a month; every spelling as a page may show it, folded by the shared normaliser.
_MONTH_NAMES = """
january jan januar jänner janvier janv enero ene gennaio gen janeiro ocak oca января янв stycznia styczeń ledna leden ιανουαρίου ιαν januari januára ianuarie siječnja január січня يناير ژانویه جنوری جنوري جنۆری
february feb februar februari fév février févr febrero febbraio fevereiro fev şubat şub февраля фев lutego luty února únor φεβρουαρίου φεβ februára februarie február лютого فبراير فوریه فروری فبروري
march mar mär märz mars marzo março mart марта мар marca marzec března březen μαρτίου μαρ maret maart martie március березня مارس مارچ
april apr avril avr abril abr aprile nisan nis апреля апр kwietnia kwiecień dubna duben απριλίου απρ aprilie április квітня أبريل ابريل آوریل آپریل اپریل
may mai mayo maggio mag maio mayıs мая май maja maj května květen μαΐου μάιος mei május травня مايو مه مئی می ماي
june jun juni juin junio giugno giu junho haziran haz июня июн czerwca czerwiec června červen ιουνίου ιουν iunie június червня يونيو ژوئن جون
july jul juli juillet juil julio luglio lug julho temmuz tem июля июл lipca lipiec července červenec ιουλίου ιουλ iulie július липня يوليو ژوئیه جولای جولائی جولایی
august aug août aou agosto ago ağustos ağu августа авг sierpnia sierpień srpna srpen αυγούστου αυγ agustus augustus augusta augusztus серпня أغسطس اغسطس اوت آگوست آگست اگست
september sep sept septembre septiembre settembre set setembro eylül eyl сентября сен сент września wrzesień září σεπτεμβρίου σεπ septembra septembrie szeptember вересня سبتمبر سپتامبر ستمبر
october oct okt oktober octobre octubre ottobre ott outubro out ekim eki октября окт października październik října říjen οκτωβρίου οκτ octombrie október жовтня أكتوبر اكتوبر اکتبر اکتوبر
november nov novembre noviembre novembro kasım kas ноября ноя listopada listopad listopadu νοεμβρίου νοε noiembrie листопада نوفمبر نوامبر نومبر
december dec dez dezember décembre déc diciembre dic dicembre dezembro aralık ara декабря дек grudnia grudzień prosince prosinec δεκεμβρίου δεκ desember decembra decembrie грудня ديسمبر دسامبر دسمبر
"""
_MONTHS = {
    normalise(name): number for number, line in enumerate(_MONTH_NAMES.split("\n")) for name in line.split()
}
# The Levantine names have two words for some months; the second word would be ambiguous alone.
_LEVANT = {
    "كانون الثاني": 1, "شباط": 2, "آذار": 3, "نيسان": 4, "أيار": 5, "حزيران": 6,
    "تموز": 7, "آب": 8, "أيلول": 9, "تشرين الأول": 10, "تشرين الثاني": 11, "كانون الأول": 12,
}  # fmt: skip
_MONTHS |= {normalise(name): number for name, number in _LEVANT.items()}
_JALALI = {
    normalise(name): number
    for number, names in enumerate(
        ("فروردین حمل وری", "اردیبهشت ثور غویی", "خرداد جوزا غبرگولی", "تیر سرطان چنگاښ", "مرداد امرداد اسد زمری", "شهریور سنبله وږی",
         "مهر میزان تله", "آبان عقرب لړم", "آذر قوس لیندۍ", "دی جدی مرغومی", "بهمن دلو سلواغه", "اسفند حوت کب"), 1,
    )
    for name in names.split()
}  # fmt: skip
_names = "|".join(sorted(map(re.escape, {*_MONTHS, *_JALALI}), key=len, reverse=True))
_ISO = re.compile(
    r"(?<![\d.,/-])(1[34]\d\d|19\d\d|20\d\d)([-/.])(\d{1,2})\2(\d{1,2})(?![\d])"
    r"(?:t|\s)*(?:(\d{1,2}):(\d\d)(?::(\d\d))?(?:[.,]\d+)?(?:\s*(z\b|utc\b|gmt\b|[+-]\d\d:?\d\d\b))?)?"
)
_COMPACT = re.compile(r"(20\d\d)(\d\d)(\d\d)(?:t?(\d\d)(\d\d)(\d\d)?)?(z|[+-]\d\d:?\d\d)?")
_NUMERIC = re.compile(
    r"(?<![\d.,/:-])(\d{1,2})([./-])\s?(\d{1,2})\2\s?((?:1[34]|19|20)\d\d|\d\d)(?![\d/.-]*\d)"
)
_DAY_FIRST = re.compile(
    rf"(?<![\d.,:/-])(\d{{1,2}})(?:st|nd|rd|th|er|º|\.|,)?[\s/-]*(?:de\s+|of\s+|del\s+)?(?<!\w)({_names})\.?(?!\w)"
    rf"[\s,./-]*(?:de\s+|del\s+|ماه\s+|سال\s+)*((?:1[34]|19|20)\d\d)(?!\d)"
)
_MONTH_FIRST = re.compile(
    rf"(?<!\w)({_names})\.?\s*(\d{{1,2}})(?:st|nd|rd|th)?\s*[,،]?\s*((?:19|20)\d\d)(?!\d)"
)
_CJK = re.compile(r"(20\d\d|19\d\d)\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일号]")
_TIME = re.compile(
    r"(?<![\d:.])(\d{1,2})(?::|h|[.](?=\d\d\s*(?:uhr|[ap]\.?m)))(\d\d)(?::(\d\d))?(?!\d)\s*([ap])?\.?(?:m\b)?"
)
_OFFSET = re.compile(r"\s*(?:\(?(?:gmt|utc)\)?\s*)?([+-])(\d{1,2}):?(\d\d)?|\s*(z|utc|gmt)\b")
_ABBREVIATED = {
    "pkt": 300,
    "pst": -480,
    "est": -300,
    "edt": -240,
    "cet": 60,
    "cest": 120,
    "bst": 60,
    "ist": 330,
    "irst": 210,
}


def parse_stamp(value: str) -> Stamp | None:
    """The date of a machine's field (`2024-01-17T09:30:00+05:00`, `20240117`, RFC 2822, epoch seconds), or None."""
    text = normalise(value[:120]).strip()
    if re.fullmatch(r"1\d{9}(?:\d{3})?", text):
        at = datetime.fromtimestamp(int(text[:10]), UTC)
        return Stamp(at.date(), at.hour * 3600 + at.minute * 60 + at.second, 0)
    compact = _COMPACT.fullmatch(text)
    if compact:
        day = _day(int(compact[1]), int(compact[2]), int(compact[3]))
        clock = _clock(compact[4], compact[5], compact[6], None)
        return Stamp(day, clock, _offset(compact[7])) if day else None
    return next(find_stamps(text), None)


def find_stamps(text: str, *, month_first: bool = False, short_years: bool = False) -> Iterator[Stamp]:
    """Every full date in a text, in its order; `month_first` settles 3/4/2024 where both readings are possible.

    `short_years` lets 01/25/26 count, which elsewhere is too often a score or a version.
    """
    text = normalise(text)
    found: list[tuple[int, int, date | None, tuple[str | None, ...] | None]] = [
        (
            match.start(),
            match.end(),
            _any_calendar(match[1], match[3], match[4]),
            match.groups()[4:] if match[5] else None,
        )
        for match in _ISO.finditer(text)
    ]
    found += [
        (match.start(), match.end(), _numeric(match, month_first, short_years), None)
        for match in _NUMERIC.finditer(text)
    ]
    found += [
        (match.start(), match.end(), _day(int(match[1]), int(match[2]), int(match[3])), None)
        for match in _CJK.finditer(text)
    ]
    found += [
        (match.start(), match.end(), _named(match[3], match[2], match[1]), None)
        for match in _DAY_FIRST.finditer(text)
    ]
    found += [
        (match.start(), match.end(), _named(match[3], match[1], match[2]), None)
        for match in _MONTH_FIRST.finditer(text)
    ]
    found.sort(key=lambda item: item[:2])
    for start, end, day, clock in found:
        if day is None:
            continue
        if clock is not None:
            yield Stamp(day, _clock(clock[0], clock[1], clock[2], None), _offset(clock[3]))
        else:
            second, offset = _time_beside(text, start, end)
            yield Stamp(day, second, offset)


def _time_beside(text: str, start: int, end: int) -> tuple[int | None, int | None]:
    """A time of day just behind a date, or just before it (`10:24 - 17 January 2024`)."""
    for piece in (text[end : end + 28], text[max(0, start - 14) : start]):
        match = _TIME.search(piece)
        if match:
            second = _clock(match[1], match[2], match[3], match[4])
            if second is None:
                continue
            after = piece[match.end() :]
            named = re.match(r"\s*\(?([a-z]{3,4})\b", after)
            if named and named[1] in _ABBREVIATED:
                return second, _ABBREVIATED[named[1]]
            offset = _OFFSET.match(after)
            return second, _offset(offset[0].strip()) if offset else None
    return None, None


def _numeric(match: re.Match[str], month_first: bool, short_years: bool) -> date | None:
    first, second, year = int(match[1]), int(match[3]), match[4]
    if len(year) == 2:
        # 12.03.19 is how German and Russian write any date.
        if match[2] != "." and not short_years:
            return None
        year = f"20{year}"
    if int(year) < 1900:
        return None
    if first > 12 or (second <= 12 and not (month_first and match[2] == "/")):
        return _day(int(year), second, first)
    return _day(int(year), first, second)


def _named(year: str, month: str, day: str) -> date | None:
    number = int(year)
    if number < 1900:
        jalali = _JALALI.get(month)
        return _jalali(number, jalali, int(day)) if jalali else None
    gregorian = _MONTHS.get(month)
    return _day(number, gregorian, int(day)) if gregorian else None


def _any_calendar(year: str, month: str, day: str) -> date | None:
    number = int(year)
    return _day(number, int(month), int(day)) if number >= 1900 else _jalali(number, int(month), int(day))


def _jalali(year: int, month: int, day: int) -> date | None:
    """Years 1374 to 1421 are Jalali ones (1995 to 2042); 1422 and later would be lunar today."""
    if not 1374 <= year <= 1421:
        return None
    try:
        return JalaliDate(year, month, day).to_gregorian()  # type: ignore[no-untyped-call]
    except ValueError:
        return None


def _day(year: int, month: int, day: int) -> date | None:
    if year < MIN_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _clock(hour: str | None, minute: str | None, second: str | None, half: str | None) -> int | None:
    if not hour or not minute:
        return None
    hours, minutes, seconds = int(hour), int(minute), int(second or 0)
    if half:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if half == "p" else 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return hours * 3600 + minutes * 60 + seconds


def _offset(text: str | None) -> int | None:
    if not text:
        return None
    if text[0] in "zug" and "+" not in text and "-" not in text:
        return 0
    match = re.search(r"([+-])(\d{1,2}):?(\d\d)?", text)
    if not match:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    # Offsets reach from -12:00 to +14:00; anything else is no offset.
    return (-minutes if match[1] == "-" else minutes) if minutes <= 14 * 60 else None
