# ruff: noqa: ISC004  (long made-up texts)
"""Made-up reports for the tests of stories: several of one event in three languages, near events, bulletins, notices."""

from __future__ import annotations

STRIKE_EN = (
    "Nine killed in strike near Saravan",
    "At least nine people, including three women and four children, were killed early on Thursday when missiles hit a village near "
    "Saravan in Iran's Sistan and Baluchestan province, the deputy governor, Alireza Karimvand, said.\n"
    "Pakistan's foreign ministry said its air force had targeted hideouts of separatist militants after a week of threats. "
    "Residents described a series of explosions shortly before dawn that shook windows in the town, twenty kilometres away. "
    "Rescue workers pulled bodies from the rubble of four mud-brick houses, and the wounded were taken to the hospital in Saravan. "
    "Tehran summoned the chargé d'affaires and asked for an explanation, while both sides said that they did not want a wider conflict.",
)
STRIKE_EN_OTHER = (
    "Pakistan bombs village in Iran's border county",
    "Pakistani missiles killed nine people, four of them children, in a village of the Saravan county before dawn on Thursday, "
    "officials in Iran's Sistan and Baluchestan province said. Deputy governor Alireza Karimvand said that none of the dead were "
    "Iranian citizens. Islamabad said the strike was aimed at separatist militants who had attacked its soldiers.",
)
STRIKE_FA = (
    "کشته شدن ۹ نفر در حمله موشکی به روستای مرزی سراوان",
    "علیرضا کریموند، معاون استاندار سیستان و بلوچستان، گفت بامداد پنجشنبه در حمله موشکی پاکستان به یکی از روستاهای مرزی سراوان "
    "۹ نفر از جمله سه زن و چهار کودک کشته شدند. به گفته او هیچ یک از کشته‌شدگان تابعیت ایرانی نداشتند.",
)
STRIKE_UR = (
    "ایران: سراوان کے قریب میزائل حملے میں نو افراد ہلاک",
    "ایران کے صوبہ سیستان و بلوچستان کے نائب گورنر علی رضا کریموند کے مطابق جمعرات کی صبح پاکستان کے میزائل حملوں میں سراوان کے "
    "قریب ایک گاؤں میں تین خواتین اور چار بچوں سمیت نو افراد ہلاک ہوئے۔",
)
GUARDS_EN = (
    "Two border guards shot dead near Saravan",
    "Two Iranian border guards were shot dead in a clash with armed smugglers near Saravan in Sistan and Baluchestan on Thursday, "
    "police said. The attackers left a pickup loaded with fuel behind and escaped on motorcycles towards the frontier with Pakistan.",
)
GATE_EN = (
    "Hundreds of lorries wait as Taftan gate stays shut",
    "Some three hundred lorries loaded with cement and steel were parked along the road to Taftan on Monday after the customs "
    "computer failed for a second day. Clearing agents said that the gate at Mirjaveh had stopped sending vehicles across, and that "
    "drivers were running out of food and water. The chamber of commerce in Quetta put the losses at four million rupees a day and "
    "asked the federal government for a second line, a generator and more staff, as it had done after the failures of the last winter.",
)
GATE_FA = (
    "صف سیصد کامیون پشت مرز میرجاوه",
    "مدیرکل راهداری گفت از روز دوشنبه نزدیک به سیصد کامیون حامل سیمان و میلگرد پشت پایانه میرجاوه مانده‌اند، زیرا سامانه گمرک در "
    "تفتان برای دومین روز از کار افتاده است. رانندگان می‌گویند آب و غذا کمیاب شده و کسی پاسخگو نیست. اتاق بازرگانی زاهدان خواستار "
    "راه‌اندازی خط دوم و اعزام کارشناسان شد و زیان روزانه را چهار میلیارد تومان برآورد کرد. به گفته او بازگشایی کامل دروازه به "
    "هماهنگی با طرف پاکستانی نیاز دارد و تا پایان هفته زمان می‌برد.",
)
GATE_UR = (
    "تفتان گیٹ بند، سینکڑوں ٹرک پھنس گئے",
    "تفتان میں کسٹم کا کمپیوٹر نظام مسلسل دوسرے روز خراب رہنے سے سیمنٹ اور لوہے سے لدے تقریباً تین سو ٹرک سڑک پر کھڑے ہیں۔ کلیئرنگ "
    "ایجنٹوں کے مطابق میرجاوہ کی جانب سے گاڑیاں بھیجنا روک دیا گیا ہے اور ڈرائیوروں کے پاس خوراک اور پانی ختم ہو رہا ہے۔ کوئٹہ چیمبر "
    "آف کامرس نے روزانہ نقصان کا اندازہ چالیس لاکھ روپے لگایا اور وفاقی حکومت سے دوسری لائن، جنریٹر اور مزید عملہ فراہم کرنے کا مطالبہ "
    "کیا۔ تاجروں کا کہنا ہے کہ گزشتہ سردیوں میں بھی ایسی ہی خرابی کے بعد وعدے کیے گئے تھے مگر کچھ نہیں ہوا۔",
)
FISHERMEN_EN = (
    "Coast guard frees eleven fishermen after storm off Jiwani",
    "Eleven fishermen whose boat drifted for three days after its engine failed were brought ashore at Jiwani on Tuesday, the coast "
    "guard said. A merchant ship had reported the wooden launch forty miles south of Gwatar Bay. The men, all from one village near "
    "Pasni, had lived on rainwater and raw mackerel; two of them were treated for dehydration. The fisheries department promised "
    "life jackets and radios, which the fishermen's union has been asking for since a launch sank with nine men in the last monsoon.",
)
COPIED = (STRIKE_EN, GATE_EN, GATE_FA, GATE_UR, FISHERMEN_EN)
LANGUAGES = {STRIKE_EN: "en", GATE_EN: "en", GATE_FA: "fa", GATE_UR: "ur", FISHERMEN_EN: "en"}


def rates(day: str, dollar: str, euro: str, dirham: str, gold: str) -> tuple[str, str]:
    """A bulletin of exchange rates: the same words every day."""
    return (
        f"Currency rates in Zahedan on {day}",
        f"The dollar was sold at {dollar} and bought at {int(dollar) - 350} on the open market of Zahedan on {day}, dealers said. The euro "
        f"was quoted at {euro}, the dirham at {dirham} and the coin at {gold}. Dealers expect quiet trade for the rest of the week, "
        "as the border markets stay closed for the holiday and few traders come to the city.",
    )


def weather(day: str, high: int, low: int, wind: int) -> tuple[str, str]:
    """A forecast, which differs by its numbers only."""
    return (
        f"Weather: {day}",
        f"Dust and strong winds are expected over Zabol, Zahedan and the border strip on {day}, the meteorological office said. The "
        f"highest temperature will be {high} degrees, the lowest {low}, with gusts of up to {wind} kilometres an hour. Visibility on "
        "the road to Mirjaveh may fall, and drivers are asked to travel by day.",
    )


def tally(day: str, cases: int, deaths: int, recovered: int) -> tuple[str, str]:
    """A daily tally of casualties."""
    return (
        f"Province reports {cases} new cases",
        f"The health department reported {cases} new cases of cholera in the border districts on {day}, {deaths} deaths and {recovered} "
        "recoveries. Teams went on chlorinating wells, and the department asked people to boil water and to avoid raw vegetables.",
    )


COOKIES = (
    "We value your privacy. We and our partners use cookies and similar means to measure audiences and to show advertising that you may "
    "like. You can accept all cookies, or change your choice at any time on the settings page of this site."
)
