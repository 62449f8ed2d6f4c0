"""Written news for seeded databases: events at the border in English, Persian and Urdu, and other news between them.

Every text here was written for this project and names no real event. `{…}` slots are filled by `seed.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the border, as the gazetteer names it."""

    id: str
    lat: float
    lon: float
    en: str
    fa: str
    ur: str


PLACES = (
    Place("mirjaveh-taftan", 29.02, 61.48, "Taftan", "میرجاوه", "تفتان"),
    Place("rimdan-gabd", 25.25, 61.73, "Rimdan", "ریمدان", "گبد"),
    Place("pishin-mand", 26.08, 61.80, "Mand", "پیشین", "مند"),
    Place("kuhak-chedgi", 27.12, 63.23, "Kuhak", "کوهک", "چیدگی"),
    Place("saravan", 27.37, 62.33, "Saravan", "سراوان", "سراوان"),
    Place("zahedan", 29.50, 60.86, "Zahedan", "زاهدان", "زاہدان"),
    Place("panjgur", 26.97, 64.10, "Panjgur", "پنجگور", "پنجگور"),
    Place("turbat", 26.00, 63.05, "Turbat", "تربت", "تربت"),
    Place("gwadar", 25.12, 62.33, "Gwadar", "گوادر", "گوادر"),
    Place("jalq", 27.60, 62.70, "Jalq", "جالق", "جالق"),
    Place("rask", 26.24, 61.40, "Rask", "راسک", "راسک"),
    Place("washuk", 27.72, 64.80, "Washuk", "واشک", "واشک"),
    Place("nok-kundi", 28.82, 62.75, "Nok Kundi", "نوک‌کندی", "نوکنڈی"),
    Place("gwatar-bay", 25.17, 61.58, "Gwatar Bay", "خلیج گواتر", "خلیج گواتر"),
)

PLACE_WEIGHTS = (22, 12, 9, 7, 14, 6, 6, 4, 5, 4, 3, 2, 3, 1)


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of event: by language, titles, the sentence that proves the match, the words marked in it, and the rest."""

    kind: str
    rule: str
    concepts: tuple[str, ...]
    weight: int
    titles: dict[str, tuple[str, ...]]
    proof: dict[str, str]
    marks: dict[str, tuple[str, ...]]
    body: dict[str, tuple[str, ...]]


EVENTS = (
    Event(
        "gate",
        "a crossing of the pair, used as one",
        ("crossing", "closure"),
        5,
        {
            "en": (
                "{place} crossing closed after shelling on both sides",
                "Trucks queue for {n} km as {place} gate stays shut",
                "Trade halts at {place}: traders count losses of {n} million",
            ),
            "fa": (
                "بسته شدن پایانه مرزی {place} برای دومین روز",
                "صف {n} کیلومتری کامیون‌ها پشت مرز {place}",
                "توقف تجارت در مرز {place}",
            ),
            "ur": (
                "{place} بارڈر دوسرے روز بھی بند",
                "{place} گیٹ پر ٹرکوں کی {n} کلومیٹر طویل قطار",
                "{place} سرحد کی بندش، تاجر پریشان",
            ),
        },
        {
            "en": "Customs officers said the {place} crossing on the Iran–Pakistan border would stay closed until further notice, leaving {n} lorries stranded on the road.",
            "fa": "به گفته مسئولان گمرک، پایانه {place} در مرز ایران و پاکستان تا اطلاع بعدی بسته می‌ماند و {n} کامیون در جاده مانده‌اند.",
            "ur": "کسٹم حکام کے مطابق پاک ایران سرحد پر {place} کراسنگ تا حکمِ ثانی بند رہے گی اور {n} ٹرک سڑک پر کھڑے ہیں۔",
        },
        {
            "en": ("{place} crossing", "Iran–Pakistan border"),
            "fa": ("پایانه {place}", "مرز ایران و پاکستان"),
            "ur": ("پاک ایران سرحد", "{place} کراسنگ"),
        },
        {
            "en": (
                "Drivers who had waited since Sunday said that perishable goods were being unloaded beside the road.",
                "The chamber of commerce asked both governments to open a lane for food and medicine.",
                "A duty officer, who did not want to be named, said that the decision lay with the capital.",
                "By evening the bazaar had closed early and the fuel station had run dry.",
            ),
            "fa": (
                "رانندگان می‌گویند از یکشنبه منتظرند و بارهای فاسدشدنی کنار جاده تخلیه می‌شود.",
                "اتاق بازرگانی از دو دولت خواست یک مسیر برای غذا و دارو باز شود.",
                "یک افسر کشیک که نخواست نامش فاش شود گفت تصمیم با پایتخت است.",
                "تا غروب بازار زودتر تعطیل شد و جایگاه سوخت خالی ماند.",
            ),
            "ur": (
                "ڈرائیوروں کا کہنا ہے کہ وہ اتوار سے انتظار کر رہے ہیں اور خراب ہونے والا سامان سڑک کنارے اتارا جا رہا ہے۔",
                "ایوانِ تجارت نے دونوں حکومتوں سے خوراک اور ادویات کے لیے راستہ کھولنے کی اپیل کی۔",
                "نام ظاہر نہ کرنے کی شرط پر ایک افسر نے بتایا کہ فیصلہ دارالحکومت سے ہو گا۔",
                "شام تک بازار بند ہو چکا تھا اور پیٹرول پمپ خالی تھے۔",
            ),
        },
    ),
    Event(
        "strike",
        "a cross-border act between the two",
        ("cross-border strike",),
        4,
        {
            "en": (
                "Mortar fire near {place} wounds {n}, officials say",
                "{n} hurt as shells land in village near {place}",
                "Cross-border fire reported near {place}",
            ),
            "fa": (
                "زخمی شدن {n} نفر در پی شلیک خمپاره نزدیک {place}",
                "اصابت خمپاره به روستایی در اطراف {place}",
                "تبادل آتش در نوار مرزی {place}",
            ),
            "ur": (
                "{place} کے قریب مارٹر گولے گرنے سے {n} زخمی",
                "{place} کے سرحدی گاؤں پر گولہ باری",
                "{place} کے قریب سرحد پار فائرنگ",
            ),
        },
        {
            "en": "Residents of a village near {place} said {n} mortar shells fired from across the border with Pakistan fell on farmland shortly after dawn.",
            "fa": "اهالی روستایی در نزدیکی {place} گفتند {n} گلوله خمپاره که از آن سوی مرز پاکستان شلیک شده بود سحرگاه به زمین‌های کشاورزی افتاد.",
            "ur": "{place} کے قریب ایک گاؤں کے مکینوں نے بتایا کہ ایرانی سرحد کے پار سے داغے گئے {n} مارٹر گولے صبح سویرے کھیتوں میں گرے۔",
        },
        {
            "en": ("{place}", "across the border with Pakistan"),
            "fa": ("{place}", "آن سوی مرز پاکستان"),
            "ur": ("{place}", "ایرانی سرحد کے پار"),
        },
        {
            "en": (
                "The wounded were taken to the district hospital; two were discharged in the afternoon.",
                "Schools in three villages were told to stay closed on Thursday.",
                "The foreign ministry said that it had asked for an explanation and called for calm.",
                "There was no word from the other side by the time of publication.",
                "A shepherd described a bright flash and then a long silence.",
            ),
            "fa": (
                "مجروحان به بیمارستان شهرستان منتقل شدند و دو نفر بعدازظهر مرخص شدند.",
                "مدرسه‌های سه روستا پنجشنبه تعطیل اعلام شد.",
                "وزارت خارجه خواستار توضیح و خویشتنداری شد.",
                "طرف مقابل تا زمان انتشار این خبر واکنشی نشان نداده است.",
                "یک چوپان از نوری شدید و سپس سکوتی طولانی گفت.",
            ),
            "ur": (
                "زخمیوں کو ضلعی ہسپتال منتقل کیا گیا، دو کو سہ پہر فارغ کر دیا گیا۔",
                "تین دیہات کے اسکول جمعرات کو بند رکھنے کی ہدایت کی گئی ہے۔",
                "دفترِ خارجہ نے وضاحت طلب کی اور تحمل کی اپیل کی۔",
                "خبر کی اشاعت تک دوسری جانب سے کوئی ردِعمل نہیں آیا۔",
                "ایک چرواہے نے تیز روشنی اور پھر طویل خاموشی کا ذکر کیا۔",
            ),
        },
    ),
    Event(
        "fuel",
        "movement over the frontier: fuel carriers",
        ("fuel carriers", "frontier"),
        5,
        {
            "en": (
                "Fuel carriers shot at near {place}; {n} wounded",
                "Families of fuel porters protest in {place}",
                "Pickup convoy stopped at the fence near {place}",
            ),
            "fa": (
                "تیراندازی به سوختبران در {place}؛ {n} زخمی",
                "تجمع خانواده‌های سوختبران در {place}",
                "توقف کاروان سوختبران در نقطه صفر مرزی {place}",
            ),
            "ur": (
                "{place} میں تیل بردار گاڑیوں پر فائرنگ، {n} زخمی",
                "{place} میں تیل لانے والوں کے اہلِ خانہ کا احتجاج",
                "{place} کے قریب باڑ پر تیل بردار گاڑیاں روک لی گئیں",
            ),
        },
        {
            "en": "Local reporters counted {n} fuel carriers wounded when guards opened fire on pickups at the Iran–Pakistan border fence outside {place}.",
            "fa": "خبرنگاران محلی از زخمی شدن {n} سوختبر در پی تیراندازی در نقطه صفر مرزی {place} با پاکستان خبر دادند.",
            "ur": "مقامی صحافیوں کے مطابق {place} کے قریب پاک ایران سرحدی باڑ پر فائرنگ سے {n} تیل بردار زخمی ہوئے۔",
        },
        {
            "en": ("fuel carriers", "Iran–Pakistan border fence", "{place}"),
            "fa": ("سوختبر", "نقطه صفر مرزی {place} با پاکستان"),
            "ur": ("{place}", "پاک ایران سرحدی باڑ"),
        },
        {
            "en": (
                "Relatives gathered in front of the governor's office and asked for the release of those detained.",
                "A pickup load of diesel feeds a family for a month, one porter said.",
                "The border guard said that warning shots had been ignored.",
                "Unions called for work permits and a lawful market.",
            ),
            "fa": (
                "خانواده‌ها مقابل فرمانداری جمع شدند و آزادی بازداشت‌شدگان را خواستند.",
                "یکی از سوختبران گفت هر بار گازوئیل خرج یک ماه خانواده است.",
                "مرزبانی اعلام کرد به اخطارها توجه نشده بود.",
                "تشکل‌ها خواستار مجوز کار و بازار قانونی شدند.",
            ),
            "ur": (
                "رشتہ دار ڈپٹی کمشنر کے دفتر کے سامنے جمع ہوئے اور گرفتار افراد کی رہائی کا مطالبہ کیا۔",
                "ایک مزدور نے کہا کہ ڈیزل کی ایک کھیپ سے مہینے بھر کا خرچ چلتا ہے۔",
                "سرحدی محافظوں کا کہنا ہے کہ وارننگ نظر انداز کی گئی۔",
                "یونینوں نے اجازت ناموں اور قانونی منڈی کا مطالبہ کیا۔",
            ),
        },
    ),
    Event(
        "deportees",
        "movement over the frontier: deportees over a named gate",
        ("deportation", "crossing"),
        4,
        {
            "en": (
                "{n} migrants handed over at {place} in a day",
                "Returnees sleep in the open at {place}",
                "Deportations through {place} double this week",
            ),
            "fa": (
                "تحویل {n} مهاجر در مرز {place} در یک روز",
                "بازگشت‌کنندگان در {place} زیر آسمان می‌خوابند",
                "دو برابر شدن اخراج از مرز {place} در این هفته",
            ),
            "ur": (
                "{place} پر ایک دن میں {n} افراد حوالے",
                "{place} پر واپس بھیجے گئے افراد کھلے آسمان تلے",
                "{place} کے راستے ملک بدری میں دوگنا اضافہ",
            ),
        },
        {
            "en": "The Levies took charge of {n} people whom Iranian authorities deported through the {place} gate, an official of the immigration post said.",
            "fa": "یک مقام مرزبانی گفت {n} نفر از اتباع پاکستان از گذرگاه مرزی {place} به طرف پاکستانی تحویل داده شدند.",
            "ur": "امیگریشن حکام کے مطابق ایرانی حکام نے {place} گیٹ کے راستے {n} افراد کو لیویز کے حوالے کیا۔",
        },
        {
            "en": ("deported through the {place} gate",),
            "fa": ("گذرگاه مرزی {place}", "طرف پاکستانی"),
            "ur": ("ایرانی حکام", "{place} گیٹ"),
        },
        {
            "en": (
                "Many said they had been on the road for a week and had no papers left.",
                "Aid workers handed out blankets and asked for a second clinic.",
                "Buses to Quetta leave at dawn under escort.",
                "Minors were taken to a shelter in the town.",
            ),
            "fa": (
                "بسیاری گفتند یک هفته در راه بوده‌اند و مدرکی ندارند.",
                "امدادگران پتو پخش کردند و خواستار درمانگاه دوم شدند.",
                "اتوبوس‌ها سحرگاه با همراهی به سوی کویته می‌روند.",
                "افراد زیر سن قانونی به پناهگاه شهر منتقل شدند.",
            ),
            "ur": (
                "کئی افراد نے بتایا کہ وہ ایک ہفتے سے سفر میں ہیں اور ان کے پاس کاغذات نہیں۔",
                "امدادی کارکنوں نے کمبل تقسیم کیے اور دوسرا کلینک مانگا۔",
                "کوئٹہ کے لیے بسیں صبح سویرے حفاظتی قافلے میں روانہ ہوتی ہیں۔",
                "کم عمر بچوں کو شہر کی پناہ گاہ منتقل کیا گیا۔",
            ),
        },
    ),
    Event(
        "market",
        "the frontier itself is named",
        ("border market", "frontier"),
        2,
        {
            "en": (
                "Border market at {place} to open with {n} stalls",
                "Joint commission meets over {place} market",
                "{place} gets electricity line for border market",
            ),
            "fa": (
                "بازارچه مرزی {place} با {n} غرفه گشایش می‌یابد",
                "نشست کمیسیون مشترک درباره بازارچه {place}",
                "برق‌رسانی به بازارچه مرزی {place}",
            ),
            "ur": (
                "{place} سرحدی مارکیٹ {n} دکانوں کے ساتھ کھلے گی",
                "{place} مارکیٹ پر مشترکہ کمیشن کا اجلاس",
                "{place} سرحدی مارکیٹ کو بجلی کی فراہمی",
            ),
        },
        {
            "en": "The governors of both provinces agreed that the border market at {place}, on the frontier between Iran and Pakistan, will open with {n} stalls.",
            "fa": "استانداران دو استان توافق کردند بازارچه مشترک {place} در مرز ایران و پاکستان با {n} غرفه آغاز به کار کند.",
            "ur": "دونوں صوبوں کے حکام نے اتفاق کیا کہ {place} میں پاک ایران سرحد پر مشترکہ مارکیٹ {n} دکانوں کے ساتھ کھولی جائے گی۔",
        },
        {
            "en": ("border market at {place}", "frontier between Iran and Pakistan"),
            "fa": ("بازارچه مشترک {place}", "مرز ایران و پاکستان"),
            "ur": ("{place}", "پاک ایران سرحد"),
        },
        {
            "en": (
                "Traders will need a card that their district issues.",
                "Goods up to a set value are free of duty.",
                "The road to the site is to be paved before winter.",
                "A bank branch will exchange both currencies.",
            ),
            "fa": (
                "بازرگانان به کارتی نیاز دارند که شهرستان صادر می‌کند.",
                "کالا تا سقفی معین معاف از عوارض است.",
                "قرار است جاده بازارچه پیش از زمستان آسفالت شود.",
                "یک شعبه بانک هر دو ارز را تبدیل می‌کند.",
            ),
            "ur": (
                "تاجروں کو ضلع کا جاری کردہ کارڈ درکار ہو گا۔",
                "ایک حد تک سامان پر محصول نہیں ہو گا۔",
                "سڑک سردیوں سے پہلے پختہ کی جائے گی۔",
                "بینک کی شاخ دونوں کرنسیاں تبدیل کرے گی۔",
            ),
        },
    ),
    Event(
        "raid",
        "a cross-border act between the two",
        ("border post", "raid"),
        3,
        {
            "en": (
                "Gunmen attack border post near {place}, {n} guards killed",
                "{n} killed in raid on post near {place}",
                "Search under way near {place} after raid",
            ),
            "fa": (
                "حمله افراد مسلح به پاسگاه مرزی {place}؛ {n} مرزبان کشته شدند",
                "درگیری در هنگ مرزی {place}",
                "عملیات جست‌وجو در {place} پس از حمله",
            ),
            "ur": (
                "{place} کے قریب سرحدی چوکی پر حملہ، {n} اہلکار جاں بحق",
                "{place} میں سرحدی چوکی پر حملہ آوروں کی تلاش",
                "{place} چوکی پر رات گئے حملہ",
            ),
        },
        {
            "en": "Gunmen who had crossed from Pakistan killed {n} guards at a border post near {place} before fleeing back over the frontier, the regiment said.",
            "fa": "هنگ مرزی {place} اعلام کرد افراد مسلح پس از کشتن {n} مرزبان به سوی مرز پاکستان گریختند.",
            "ur": "حکام کے مطابق مسلح افراد نے {place} کے قریب {n} اہلکاروں کو قتل کیا اور ایرانی سرحد کی جانب فرار ہو گئے۔",
        },
        {
            "en": ("crossed from Pakistan", "border post near {place}"),
            "fa": ("هنگ مرزی {place}", "مرز پاکستان"),
            "ur": ("{place}", "ایرانی سرحد کی جانب"),
        },
        {
            "en": (
                "No group had claimed the attack by the evening.",
                "Helicopters searched the hills until nightfall.",
                "The two militaries spoke by telephone, a statement said.",
                "The road was closed to civilians for several hours.",
            ),
            "fa": (
                "تا شامگاه هیچ گروهی مسئولیت حمله را نپذیرفت.",
                "بالگردها تا تاریکی هوا تپه‌ها را جست‌وجو کردند.",
                "در بیانیه‌ای آمده است دو ارتش تلفنی گفت‌وگو کردند.",
                "جاده چند ساعت به روی مردم بسته بود.",
            ),
            "ur": (
                "شام تک کسی گروہ نے ذمہ داری قبول نہیں کی۔",
                "ہیلی کاپٹروں نے رات تک پہاڑیوں میں تلاش جاری رکھی۔",
                "بیان کے مطابق دونوں افواج نے ٹیلی فون پر رابطہ کیا۔",
                "سڑک کئی گھنٹے عام لوگوں کے لیے بند رہی۔",
            ),
        },
    ),
)

OTHER = {
    "en": (
        (
            "Wheat price rises for the third week",
            "Millers in the capital said that the price of wheat rose again as {n} trucks failed to arrive from the south.",
        ),
        (
            "Captain fit for the final, coach says",
            "The captain trained with the team for {n} minutes and is expected to lead the side on Friday.",
        ),
        (
            "Dust storm shuts schools in three districts",
            "Visibility fell to {n} metres and flights were diverted, the weather office said.",
        ),
    ),
    "fa": (
        (
            "بهای گندم برای سومین هفته بالا رفت",
            "آسیابانان می‌گویند با نرسیدن {n} کامیون از جنوب، بهای گندم باز هم بالا رفت.",
        ),
        (
            "توفان شن مدرسه‌ها را تعطیل کرد",
            "به گفته هواشناسی دید افقی به {n} متر رسید و پروازها تغییر مسیر دادند.",
        ),
    ),
    "ur": (
        (
            "گندم کی قیمت میں مسلسل تیسرے ہفتے اضافہ",
            "مل مالکان کے مطابق جنوب سے {n} ٹرک نہ پہنچنے سے گندم مزید مہنگی ہو گئی۔",
        ),
        (
            "ٹیم کے کپتان فائنل کے لیے فٹ قرار",
            "کپتان نے ٹیم کے ساتھ {n} منٹ مشق کی اور جمعے کو قیادت کریں گے۔",
        ),
    ),
}

FILLER = {
    "en": (
        "The town lies on the old caravan road and lives from the trade of two countries.",
        "Telephone lines were down for part of the day.",
        "Officials promised a report within the week.",
        "Shopkeepers said that they had seen worse years.",
        "The weather is expected to turn cold by the weekend.",
    ),
    "fa": (
        "این شهر بر راه کهن کاروان‌ها نشسته و از داد و ستد دو کشور زندگی می‌کند.",
        "خط‌های تلفن بخشی از روز قطع بود.",
        "مسئولان وعده گزارشی تا پایان هفته دادند.",
        "مغازه‌داران گفتند سال‌های سخت‌تری هم دیده‌اند.",
        "پیش‌بینی می‌شود هوا تا آخر هفته سرد شود.",
    ),
    "ur": (
        "یہ قصبہ قدیم تجارتی راستے پر واقع ہے اور دو ملکوں کی تجارت پر چلتا ہے۔",
        "دن کے ایک حصے میں ٹیلی فون بند رہے۔",
        "حکام نے ہفتے کے اندر رپورٹ کا وعدہ کیا۔",
        "دکانداروں نے کہا کہ انہوں نے اس سے بھی برے سال دیکھے ہیں۔",
        "ہفتے کے آخر تک سردی بڑھنے کا امکان ہے۔",
    ),
}

SOURCES = (
    ("hamun-daily", "IR", "fa", "feed", 70),
    ("zabol-news", "IR", "fa", "feed", 50),
    ("makran-press", "IR", "fa", "section", 45),
    ("tehran-wire", "IR", "fa", "feed", 90),
    ("sistan-radio", "IR", "fa", "sitemap", 60),
    ("saravan-online", "IR", "fa", "telegram", 35),
    ("persian-gazette", "IR", "en", "feed", 65),
    ("halvash-notes", "IR", "fa", "telegram", 30),
    ("chagai-times", "PK", "en", "feed", 60),
    ("quetta-herald", "PK", "en", "feed", 70),
    ("rozana-makran", "PK", "ur", "feed", 55),
    ("sarhad-news", "PK", "ur", "section", 40),
    ("indus-wire", "PK", "en", "feed", 85),
    ("awami-khabar", "PK", "ur", "sitemap", 50),
    ("gwadar-port-post", "PK", "en", "feed", 45),
    ("panjgur-point", "PK", "ur", "telegram", 30),
    ("gulf-observer", "AE", "en", "feed", 60),
    ("world-desk", "GB", "en", "feed", 90),
    ("regional-monitor", "GB", "en", "sitemap", 75),
    ("copyfeed-24", None, "en", "feed", 5),
)
