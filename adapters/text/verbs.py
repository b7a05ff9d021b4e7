"""English verbs with all their forms, told apart by whether they are nouns as well."""

from __future__ import annotations

from .lexicon import words

_VERBS = """
    accept accompany achieve acknowledge acquire adapt add adjust admire admit adopt advise afford agree allow amaze
    amuse analyse analyze announce annoy anticipate apologise apologize appear applaud apply appoint appreciate
    argue arrange arrive ask assemble assess assign assist assume assure attach attend attract avoid await become
    beg begin behave believe belong betray bind bless blink boil borrow bother bounce breathe bring browse build
    burn bury buy calculate calm cancel care carry catch celebrate chase chat cheat chew chill choose chop clarify
    clean cling collect combine come communicate compare compete complain complete complicate confess confirm
    confuse connect consider consist contain continue contribute convert convince cope cost count create criticise
    criticize cry deal decide declare decorate decrease defend define delay delete deliver demonstrate deny depend
    describe deserve destroy determine develop die differ dig digest disagree disappear disappoint discover discuss
    dislike distract divide do donate drag dress drop earn eat educate eliminate embarrass embrace employ empower
    enable encourage enhance enjoy ensure enter entertain escape establish estimate evaluate evolve examine exceed
    excel exchange excite exist expand expect explain explode explore express extend face fade fail fall fascinate
    feed feel fetch fight figure fill find finish fit fix flip flow focus fold follow forbid force forget forgive
    fulfil fulfill gain gather generate get give go grab graduate grind grow guarantee guess handle hang happen hate
    have hear help hesitate hide highlight hire hold hope host hurry hurt identify ignore illustrate imagine
    implement imply impress improve include increase indicate influence inform inherit insist inspire install intend
    interact interest interrupt introduce invent invest invite involve join joke judge jump justify keep kick kill
    know lack laugh launch lead lean learn leave lend let lie lift like listen live load locate look lose love
    maintain make manage match matter mean measure melt mention miss mix modify motivate move multiply need
    negotiate notice obey observe obtain occur offer open operate oppose order organise organize overcome owe own
    pack participate pass pause pay perform persuade pick plan please point pour practise praise pray predict prefer
    prepare preserve press pretend prevent proceed process produce promise promote propose protect prove provide
    publish pull purchase pursue push put quit raise react realise realize recall receive recharge reckon recognise
    recognize recommend recover reduce refer reflect refresh refuse regret reject relate relax release rely remain
    remember remind remove renovate repair repeat replace reply report represent request require rescue resist
    resolve respond rest restart restore result resume retire return reveal review reward rewatch ride ring rinse
    rise rub ruin rush say scare schedule scream seal search see seek seem select sell send separate serve settle
    shake shape share sharpen shine shout show shrink shut sign simmer sit skip sleep slice slide slow smell smile
    smoke snap soak solve sort sound speak spell spend spill split spoil spread squeeze stand stare start stay steal
    step stick stir stop store strengthen stretch strike strive struggle study stumble submit succeed suck suffer
    suggest suit support suppose surprise surround survive swap swear sweep switch take talk taste teach tear tease
    tell tend terrify test thank think threaten throw tie touch track transfer transform translate travel treat
    trigger trust try turn type understand unlock unpack unwind update upgrade upload urge use vanish vary visit
    vote wait wake walk wander want warn wash waste watch wear weigh welcome whisper win wipe wish wonder work worry
    wrap write yell derail lube ding overheat misplace overreact affect meet free transition prep act cultivate
    download uninstall configure disable reboot debug deploy compile merge refactor rename retry log message email
    text call dial hug kiss marry divorce flirt snore yawn sneeze cough bleed faint vomit heal stress hype nail rock
    crush smash slay vibe binge stream scroll swipe tweet post repost dm ghost ditch rewrite redo rebuild reopen
    reread reuse reset resend rejoin relearn reorganise reorganize overthink oversleep overcook overdo underestimate
    overestimate misunderstand mislead befriend outgrow outrun outweigh undergo undo uphold withdraw withstand
    overlook oversee foresee unfold unplug plug preheat marinate knead stuff drizzle sprinkle thaw defrost whisk
    sauté saute peel dice mash blend toast reheat season garnish dampen tighten loosen straighten widen deepen
    shorten lengthen lighten brighten darken soften harden thicken sweeten hasten awaken shave polish scrub mop dust
    vacuum tidy declutter iron hammer drill screw bolt clamp sand glue mount label ponder muse contemplate speculate
    assert conclude emphasise emphasize elaborate summarise summarize paraphrase specify outline sketch depict
    portray resemble constitute comprise entail hinder impede facilitate foster nurture nourish cherish treasure
    savor savour relish adore despise detest loathe resent envy pity mourn grieve weep sob sigh groan moan mutter
    mumble murmur chatter gossip brag boast mock scold nag whine babble lisp cheer clap wave nod wink grin frown
    blush shiver tremble sweat blow spit swallow gulp sip nibble devour gobble crawl creep sneak tiptoe march stroll
    stride dash sprint gallop leap hop skid slip trip tumble collapse crash bump hit beat punch slap scratch pinch
    poke tickle pat stroke lick bite sting sniff bark howl hiss purr meow fly float sink drift sway swing spin roll
    rotate twist bend bow kneel crouch squat lay lower tilt aim attempt bet bid block book budget bully cast charge
    check claim climb close coach comment commit concentrate conduct control copy correct cover crack cross cure
    curse cut damage dare decline dedicate defeat delight demand design desire detect direct dominate doubt draft
    drain draw dream drink drive dump dwell ease edit emerge end endure enrol enroll exercise export fancy favour
    favor fear feature file film filter flash flood form found frame freeze frighten function fund gamble gaze
    glance glow grade grant greet guard guide halt harm harvest head heat import inject insert inspect insult invade
    kid knock land last leak limit link list lock mark master mind monitor nominate number object occupy offend
    overwhelm paint park peek peep permit phone picture place plant play plead plot pop possess postpone pose power
    practice preach print prioritise prioritize probe profit project pronounce protest provoke pump punish qualify
    question queue quote race rain range rank rate reach rebel recite record recycle reform register regulate
    rehearse relieve rent resign respect restrict retain retreat retrieve reverse revise revive risk roast rob root
    rule run sacrifice sail sample satisfy save scan scatter score scrape seat seize sense sentence shelter shift
    ship shoot shop shrug signal slam smuggle snatch snow spare spark specialise specialize sponsor spot spray
    squash stack stage stain stall stamp star starve state steer stem strip structure subscribe supply surf
    surrender suspect suspend sustain swell tackle tag tap target tax tempt thrive tick tolerate top toss trace
    trade train trap trick trim tune undertake unite value venture view violate volunteer warm water weave whistle
    wreck yield zoom zip drool fangirl geek nerd vent rant chuckle giggle hum tweak fiddle tinker disassemble
    dismantle calibrate crank crave splurge stash hoard scramble juggle
    """
_IRREGULAR = """
    queueing cueing
    am are is was were been being has had having does did done doing goes went gone came become became begun began
    bent bet bitten bit bled blew blown broke broken brought built bought caught chose chosen clung crept dealt dug
    drew drawn drank drunk drove driven ate eaten fell fallen fed felt fought found fled flew flown forbade
    forbidden forgot forgotten forgave forgiven froze frozen got gotten gave given grew grown hung heard hid hidden
    held kept knew known laid led left lent lay lain lit lost made meant met overcame paid proved proven quit rode
    ridden rang rung rose risen ran said saw seen sought sold sent shook shaken shone shot shown shrank shrunk sang
    sung sank sunk sat slept slid smelt sowed sown spoke spoken spent spilt spun spat spread sprang sprung stood
    stole stolen stuck stung struck strove striven swore sworn swept swam swum swung took taken taught tore torn
    told thought threw thrown understood woke woken wore worn wept won wound wrote written burnt dreamt learnt leapt
    spelt spoilt thru rewrote rewritten rebuilt redid redone undid undone overslept misunderstood withdrew withdrawn
    foresaw foreseen outgrew outran lying dying tying dyed forbid bade bid shod sewn sewed knelt mistook mistaken
    upheld withheld withstood overdid overdone
    """
"""Forms that no rule makes."""

_ALSO_NOUNS = """
    care chat cost deal dress drop escape exchange fight finish fix flow focus force gain guess handle help hold
    hope host hurry interest joke judge jump kick lack laugh launch lead lie lift load look match matter measure
    mention mix move need notice offer order pack pass pause pick plan point press process promise purchase push
    rest result return review reward ride ring rise rush scream seal search shake shape share show sign sleep slice
    slide smell smile smoke snap sort sound spread stand start state stay step stick stop store stretch strike
    struggle study surprise swap switch talk taste tear test tie touch track transfer travel treat trigger trust try
    turn type update upgrade use visit vote wait walk wash waste watch wish wonder work worry wrap download log
    message email text call hug kiss divorce stress chill hype nail rock crush smash vibe stream post ghost season
    iron hammer drill screw bolt clamp sand glue mount label sketch treasure envy pity sigh gossip cheer wave grin
    march stroll dash sprint hop slip trip crash bump hit beat punch slap scratch bite sting bark fly float drift
    swing spin roll twist bend bow aim attempt bet block book budget bully cast charge check claim coach comment
    control copy cover crack cross cure curse cut damage decline delight demand design desire doubt draft drain draw
    dream drink drive dump end exercise export fear feature file film filter flash flood form frame function fund
    glance glow grade grant guard guide harm harvest head heat import insult kid knock land leak limit link list
    lock mark master mind monitor number object paint park phone picture place plant play plot pop pose power
    practice print project protest pump question queue quote race rain range rank rate rebel record reform rent
    respect retreat risk roast root rule run sail sample scan score seat sense sentence shelter shift ship shop
    signal snow spark spoil sponsor spot spray squash stack stage stain stall stamp star stem strip structure supply
    surf suspect tackle tag tap target tax tick top toss trace trade train trap trick trim tune value venture view
    volunteer water whistle yield zoom zip toast vacuum dust polish support report repair request release dice stuff
    sweat wake cook bake dance climb camp fish hunt garden bike skate ski swim hike kayak box fence row brew grill
    farm bowl golf quilt knit sew sing rap building meeting wedding painting drawing feeling
    """
"""Base forms that are nouns as well: what they are is seen from the word before."""

_ACTIVITIES = """
    bake climb cook cycle dance garden hike knit crochet sew swim ski snowboard skate skateboard surf kayak canoe
    sail kitesurf windsurf jog sing sketch draw paint photograph woodwork camp fish forage birdwatch meditate
    embroider quilt weave carve whittle sculpt weld solder brew homebrew blog vlog stargaze geocache boulder parkour
    fence bowl volunteer backpack snorkel bike scrapbook beatbox busk letterpress code horseback-ride wrestle
    unicycle
    """
"""What people do for its own sake: any form of the verb is the same topic, named by its -ing form."""

_NOT_THEIR_NOUNS = words(
    "box row fence bowl code journal bike paint boulder blog vlog backpack thrift scrapbook cycle fish "
    "camp fence canoe kayak ski surf brew weave garden photograph sketch draw skate skateboard snowboard quilt"
)
"""Activities whose base form as a noun is a thing rather than the activity."""

_NOUNS_IN_ING = words(
    """
    building buildings ceiling clothing earring earrings evening king lighting meeting meetings morning offspring
    painting paintings pudding ring spring string sibling siblings training wedding weddings wing wings housing
    parking swing sling sterling viking wellbeing darling duckling plumbing roofing bedding packaging bing ping
    pong-ping thing something anything nothing everything being boxing writing reading gaming nursing engineering
    marketing accounting cycling modelling modeling banking parenting programming coding birding bouldering
    wrestling rowing fencing bowling racing shopping sightseeing traveling travelling streaming podcasting
    storytelling editing cleaning skiing dying bullying networking counseling counselling mentoring advertising
    journaling journalling gambling surfing sailing horseback-riding riding acting directing composing recording
    decorating landscaping tutoring catering farming mining printing ironing tattooing piercing screenwriting
    songwriting bookbinding beekeeping
    """
)
"""Words in -ing that name something although they are formed from a verb."""

_DOUBLED = words(
    """
    beg chat chop clap cut dig drag drop fit flip get grab grin hit hop hug jog knit let log mop nod pat pin plan
    plot plug pop put quit rob rub run scan scrub ship shop shut sin sip sit skid skip slam slap slip snap sob spin
    spit split spot squat stem step stir stop strip swap swim tag tap tip top trap trim trip trot unplug unwrap vlog
    blog wag wed wet win wrap zip begin commit admit forget regret submit occur prefer refer transfer permit rebel
    control bet bid bat ban hum nag overlap stun upset reset rap sketch
    """
)
_VOWELS = frozenset("aeiou")


def _forms(verb: str) -> tuple[str, ...]:
    """Third person, past, -ing form of a regular verb."""
    if verb.endswith("ie"):
        return verb + "s", verb + "d", verb[:-2] + "ying"
    if verb.endswith(("ee", "oe", "ye")):
        return verb + "s", verb + "d", verb + "ing"
    if verb.endswith("e"):
        return verb + "s", verb + "d", verb[:-1] + "ing"
    if verb.endswith("y") and verb[-2] not in _VOWELS:
        return verb[:-1] + "ies", verb[:-1] + "ied", verb + "ing"
    third = verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")
    stem = verb + verb[-1] if verb in _DOUBLED else verb
    if verb in ("travel", "cancel", "label", "model", "signal", "quarrel"):
        return third, verb + "ed", verb + "ing", verb + "led", verb + "ling"
    return third, stem + "ed", stem + "ing"


_BASES = words(_VERBS)
_ACTIVITY_BASES = words(_ACTIVITIES)

AMBIGUOUS = words(_ALSO_NOUNS) - _NOUNS_IN_ING
"""Verb or noun, in the base form."""
AMBIGUOUS_S = frozenset(_forms(base)[0] for base in AMBIGUOUS)
"""Verb or plural."""

_INFLECTED = frozenset(form for base in _BASES | AMBIGUOUS for form in _forms(base))
VERBS = (_BASES | _INFLECTED | words(_IRREGULAR)) - AMBIGUOUS - AMBIGUOUS_S - _NOUNS_IN_ING
"""All forms that are hardly anything but a verb."""

_ACTIVITY_IRREGULAR = {
    "swam": "swimming",
    "swum": "swimming",
    "sang": "singing",
    "sung": "singing",
    "drew": "drawing",
    "drawn": "drawing",
    "sewn": "sewing",
    "wove": "weaving",
    "woven": "weaving",
}


def _activity_forms() -> dict[str, str]:
    labels: dict[str, str] = {}
    for base in sorted(_ACTIVITY_BASES):
        forms = (base, *_forms(base))
        gerund = next(form for form in forms if form.endswith("ing"))
        for form in forms:
            labels[form] = gerund
    return labels | _ACTIVITY_IRREGULAR


ACTIVITY_FORMS = _activity_forms()
"""Every verb form of an activity and its label: "baked" is "baking"."""
ACTIVITY_NOUNS = {
    form: label
    for form, label in ACTIVITY_FORMS.items()
    if not any(form in (base, _forms(base)[0]) for base in _NOT_THEIR_NOUNS)
} | {"garden": "gardening", "gardens": "gardening", "gardener": "gardening", "hiker": "hiking", "hikers": "hiking"}
"""As before, for forms that stand as a noun: "a hike" is "hiking"; but "a fish" is a fish."""
NAMED_IN_ING = _NOUNS_IN_ING
