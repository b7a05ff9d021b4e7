"""English words by what they can be in a sentence, as far as topics need it: what is in no list here may be a topic.

Written for chat between a person and a bot. A word stands in one list; where it can be several things, the list is
chosen by which error costs less: a lost topic less than a stop word among the topics.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a list that is written as running text."""
    return frozenset(text.split())


DETERMINERS = words(
    """
    a an the this that these those my your his her its our their some any no each every another other all both half
    either neither which whose what such one two three four five six seven eight nine ten eleven twelve thirteen
    fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
    hundred thousand million billion dozen first second third fourth fifth sixth seventh eighth ninth tenth last
    next several few many much more most less least own same different certain various couple extra single double
    enough
    """
)
"""A noun or an adjective follows."""

PREPOSITIONS = words(
    """
    of in on at by for with without about from into onto over under between through during against around near along
    across behind beside besides beyond inside outside toward towards upon via per like except despite since until
    till within among amongst above below beneath as than and or w/ w vs versus plus minus including regarding off
    """
)
"""A noun often follows. "and" and "or" go on with what stood before them."""

BEFORE_VERB = words(
    """
    i you he she it we they who to will would shall should can could may might must cannot do does did don't doesn't
    didn't won't wouldn't shan't shouldn't can't couldn't mustn't needn't i'll you'll he'll she'll it'll we'll
    they'll i'd you'd he'd she'd it'd we'd they'd i've you've we've they've let's lets gonna wanna gotta hafta dont
    doesnt didnt wont cant couldnt wouldnt shouldnt ive ill u ya y'all dunno please not never just also always often
    usually sometimes really
    """
)
"""A verb follows."""

BE_FORMS = words(
    """
    am is are was were be been being i'm you're he's she's it's we're they're that's there's what's who's where's
    how's here's when's why's isn't aren't wasn't weren't ain't im youre hes shes theyre thats theres whats isnt
    arent wasnt has have had having hasn't haven't hadn't got gotten get gets getting
    """
)
"""Forms of be, have and get: nothing that is a topic."""

OTHER_FUNCTION_WORDS = words(
    """
    me him us them mine yours hers ours theirs myself yourself himself herself itself ourselves yourselves
    themselves oneself someone somebody something anyone anybody anything everyone everybody everything none nobody
    nothing nothin somethin whoever whatever whichever whenever wherever however whom when where why how if then
    else but so because cause cuz coz cos although though unless while whereas whether nor yet here there now today
    tonight tomorrow yesterday tmrw 2day out up down away back again ever too very quite rather pretty almost
    already even still only well maybe perhaps instead together apart once twice thrice soon later ago before after
    afterwards beforehand meanwhile otherwise therefore thus hence moreover furthermore anyway anyways besides
    somehow somewhere anywhere everywhere nowhere sometime anytime everytime forward forwards backward backwards
    upstairs downstairs abroad indoors outdoors online offline overnight overseas underneath upside ahead aside
    alone along etc eg ie aka asap re ok ones not n't s t d m ll ve am pm
    """
)

INTERJECTIONS = words(
    """
    yum yummers welp tho thru whatcha whatsup hi hii hiii hey heya heyy heyyy hello hallo hullo hiya howdy yo sup
    wassup wazzup greetings goodbye bye byebye cya farewell cheers welcome morning gm gn goodnight night nite
    evening afternoon moin moi ciao hola salut bonjour thanks thank thx thanx ty tysm tyvm thankyou ta pls plz
    please sorry sry apologies pardon excuse congrats congratulations grats bravo kudos yes yeah yea yep yup yas
    yass yess no nope nah nay ok okay okey okie k kk alright alrighty aight sure fine cool nice neat sweet wow woah
    whoa wowza yay yayy hooray hurray woohoo woo yippee yikes oops whoops oof ouch ow ugh ughh meh hmm hm hmmm mm
    mmm mhm huh uh uhh um umm er erm ah ahh aha haha hahaha hahahaha ha hehe heh hihi lol lmao lmfao rofl xd omg
    omfg omw wtf wth smh tbh imo imho idk idc ikr btw fyi afaik iirc ngl fr rn brb ttyl nvm jk tmi fwiw tldr damn
    dang darn shit fuck fucking crap hell heck gosh god jeez jesus geez gee wicked dude bro bruh man mate buddy pal
    bestie fam guys folks y'all ma'am sir darling dear sweetie hun babe exactly absolutely definitely totally
    indeed right true correct agreed amen voila tada hurrah psst shh phew brr eh oh ooh oooh aw aww awww boo bah duh
    gotcha yolo lolol np yw ily xoxo xx xxx hugs kisses sweetheart alas literally basically honestly seriously
    actually kinda sorta gimme lemme innit amirite
    """
)
"""Greetings, thanks, fillers, swearing, forms of address."""

ADJECTIVES = words(
    """
    good great nice bad big small large huge tiny little old new young fresh long short tall high low deep shallow
    wide narrow thick thin heavy light dark bright strong weak hard soft easy difficult simple complex complicated
    tough rough smooth sharp dull hot cold warm cool dry wet clean dirty quick fast slow early late rare common
    usual unusual normal regular weird strange odd funny hilarious serious sad happy glad angry mad upset scared
    afraid nervous anxious excited thrilled proud tired exhausted sleepy sick ill healthy hungry thirsty bored
    boring interesting amazing awesome awful terrible horrible wonderful beautiful pretty ugly gorgeous lovely cute
    adorable perfect fantastic incredible unbelievable brilliant excellent outstanding superb magnificent fabulous
    epic stunning impressive inspiring inspired encouraging exciting relaxing relaxed refreshing comfortable
    uncomfortable cozy cosy convenient important necessary possible impossible likely unlikely available ready busy
    free full empty open closed cheap expensive free-time rich poor lucky unlucky safe dangerous risky wrong right
    real fake true false fair unfair main major minor whole entire complete total final initial previous current
    recent modern ancient traditional classic typical original special particular specific general basic advanced
    extra additional certain sure unsure clear unclear obvious familiar similar different same equal close near far
    distant local foreign international global national private public personal professional social physical mental
    emotional natural artificial official legal illegal moral positive negative active passive quiet loud noisy
    silent calm peaceful wild crazy insane stupid dumb silly smart clever wise intelligent dumbass kind mean gentle
    polite rude friendly unfriendly honest dishonest loyal generous selfish lazy diligent careful careless patient
    impatient brave shy lonely alone alive dead asleep awake pregnant married single divorced able unable willing
    unwilling aware unaware worth worthy useful useless helpful helpless effective efficient successful powerful
    popular famous unknown favorite favourite best better worst worse greatest biggest smallest oldest newest latest
    least fewer more sweet sour bitter salty spicy tasty delicious yummy gross disgusting tender crispy creamy juicy
    silky fluffy fuzzy bubbly flat round square straight curved crooked loose tight rigid flexible stable shaky
    broken fixed ripe rotten raw fancy plain elegant stylish shiny colorful colourful red blue green yellow orange
    purple pink brown black white gray grey golden silver beige turquoise violet creative imaginative supportive
    meaningful thoughtful grateful thankful hopeful hopeless stressful stressed painful cheerful joyful delightful
    insightful valuable precious unique ordinary extraordinary remarkable memorable magical mysterious spectacular
    breathtaking mind-blowing heartwarming rewarding fulfilling satisfying challenging overwhelming frustrating
    annoying disappointing embarrassing depressing surprising shocking confusing tiring exhausting entertaining
    fascinating intriguing tempting touching moving promising confident curious keen eager enthusiastic passionate
    determined motivated dedicated committed talented skilled gifted experienced capable competent responsible
    reliable independent dependent upcoming ongoing past future present daily weekly monthly yearly annual rainy
    sunny cloudy windy snowy stormy foggy freezing chilly hazy grumpy moody goofy nerdy geeky picky messy tidy
    crowded hectic wee lil massive enormous gigantic giant mini medium average decent okay-ish alright fine solid
    neat rad dope lit legit random lame badass baddest nasty filthy rusty dusty dizzy numb sore stiff swollen itchy
    leggy pale unreal surreal ridiculous absurd pointless endless countless numerous multiple various separate
    related unrelated relevant irrelevant proper improper appropriate suitable ideal optimal exact precise accurate
    approximate tolerant sensitive stubborn strict severe mild moderate extreme intense vivid subtle slight steep
    vast broad overall inner outer upper lower middle left opposite front rear top-notch go-to so-called brand-new
    up-to-date old-school high-quality low-key super mega ultra hyper semi non pre post half-baked hand-made
    handmade homemade home-made well-known long-term short-term full-time part-time all-time real-life so-so
    first-time one-time last-minute must-have must-see next-level unfinished untreated unaffected unsafe addictive
    attractive expressive obsessed addicted interested disappointed annoyed confused surprised shocked stunned
    frustrated overwhelmed worried concerned embarrassed ashamed jealous guilty innocent steady sudden rapid gradual
    constant frequent occasional permanent temporary instant immediate scary therapeutic upbeat inclusive resilient
    essential allergic inevitable brutal evil pleasant unpleasant actual coarse further cautious consistent
    persistent vibrant fragrant abundant significant reluctant hesitant ignorant arrogant urgent evident apparent
    transparent violent sufficient absent flawless nerve-wracking de-stress eerie cringe cheesy corny tacky fluent
    absolute lifelong genuine sincere pure mere sheer scarce fierce sane humane mature premature secure obscure
    bizarre solo duo iconic tricky awkward straightforward tedious dreadful restless effortless seamless hands-on
    in-depth second-best fond eastern western northern southern central inside outside used unused spare leftover
    heartfelt bittersweet
    """
)
"""Say how something is, not what. They are dropped from labels."""

CLASSIFYING_ADJECTIVES = words(
    """
    electric electronic digital analog analogue acoustic solar nuclear organic gluten-free dairy-free medical
    musical historical political economic financial environmental industrial mechanical chemical biological
    botanical agricultural culinary athletic academic scientific technical mathematical philosophical psychological
    religious spiritual classical medieval roman victorian renaissance gothic baroque contemporary abstract indie
    folk urban rural coastal marine aquatic alpine nordic arctic tropical celtic latin gaelic cuban brazilian
    mexican american canadian british scottish irish welsh english french german italian spanish portuguese dutch
    belgian swiss austrian danish swedish norwegian finnish icelandic polish czech slovak hungarian romanian
    bulgarian greek turkish russian ukrainian arabic hebrew persian iranian egyptian moroccan ethiopian nigerian
    african asian indian pakistani chinese japanese korean vietnamese thai indonesian filipino australian european
    frozen fried baked roasted grilled smoked dried canned fermented pickled knitted wooden leather woolen woollen
    virtual mobile wireless remote artificial competitive amateur semi-professional cryptic stainless cast-iron
    carbon domestic stray feline canine equestrian pediatric dental surgical genetic neural quantum linguistic
    second-hand vintage retro antique underwater underground outdoor indoor ultralight magnetic hydraulic
    creative-writing mental-health sci-fi romantic dystopian post-apocalyptic supernatural
    """
)
"""Say which kind it is: "electric car". Kept before a noun, never a topic alone."""

LANGUAGE_NAMES = words(
    """
    english french german italian spanish portuguese dutch danish swedish norwegian finnish icelandic polish czech
    hungarian romanian greek turkish russian ukrainian arabic hebrew persian hindi chinese mandarin cantonese
    japanese korean vietnamese thai irish welsh gaelic latin swahili
    """
)
"""Of the classifying adjectives, those that are something to learn."""

ADVERBS = words(
    """
    really very quite rather fairly extremely incredibly super mostly mainly nearly hardly barely simply certainly
    probably possibly likely obviously clearly apparently finally lately recently currently previously originally
    usually generally normally typically often seldom rarely always never sometimes occasionally constantly forever
    early late fast hard straight halfway anymore any-more nonetheless nevertheless regardless likewise altogether
    sideways thereby therein whereby whereabouts notably namely ie eg approx approximately roughly exactly precisely
    alike worldwide nationwide nonstop non-stop upward upwards downward downwards inward inwards outward outwards
    nearby overhead half-way someday one-day allright aloud afar afoot aloft awhile
    """
)

NOT_ADVERBS = words(
    """
    family jelly belly lily butterfly dragonfly italy ally rally bully assembly monopoly anomaly july reply supply
    holly fly firefly gully melancholy sicily poly homily panoply doily anthropoly
    """
)
"""Nouns that end in -ly."""
