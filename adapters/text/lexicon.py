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
    fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred
    thousand million billion dozen first second third fourth fifth sixth seventh eighth ninth tenth last next several
    few many much more most less least own same different certain various couple extra single double enough
    """
)
"""A noun or an adjective follows."""

PREPOSITIONS = words(
    """
    of in on at by for with without about from into onto over under between through during against around near along
    across behind beside besides beyond inside outside toward towards upon via per like except despite since until till
    within among amongst above below beneath as than and or w/ w vs versus plus minus including regarding off
    """
)
"""A noun often follows. "and" and "or" go on with what stood before them."""

BEFORE_VERB = words(
    """
    i you he she it we they who to will would shall should can could may might must cannot do does did don't doesn't
    didn't won't wouldn't shan't shouldn't can't couldn't mustn't needn't i'll you'll he'll she'll it'll we'll they'll
    i'd you'd he'd she'd it'd we'd they'd i've you've we've they've let's lets gonna wanna gotta hafta dont doesnt didnt
    wont cant couldnt wouldnt shouldnt ive ill u ya y'all dunno please not never just also always often usually
    sometimes really
    """
)
"""A verb follows."""

BE_FORMS = words(
    """
    am is are was were be been being i'm you're he's she's it's we're they're that's there's what's who's where's how's
    here's when's why's isn't aren't wasn't weren't ain't im youre hes shes theyre thats theres whats isnt arent wasnt
    has have had having hasn't haven't hadn't got gotten get gets getting
    """
)
"""Forms of be, have and get: nothing that is a topic."""

OTHER_FUNCTION_WORDS = words(
    """
    me him us them mine yours hers ours theirs myself yourself himself herself itself ourselves yourselves themselves
    oneself someone somebody something anyone anybody anything everyone everybody everything none nobody nothing
    nothin somethin whoever whatever whichever whenever wherever however whom when where why how if then else but so
    because cause cuz coz cos although though unless while whereas whether nor yet here there now today tonight
    tomorrow yesterday tmrw 2day out up down away back again ever too very quite rather pretty almost already even still
    only well maybe perhaps instead together apart once twice thrice soon later ago before after afterwards beforehand
    meanwhile otherwise therefore thus hence moreover furthermore anyway anyways besides somehow somewhere anywhere
    everywhere nowhere sometime anytime everytime forward forwards backward backwards upstairs downstairs abroad indoors
    outdoors online offline overnight overseas underneath upside ahead aside alone along etc eg ie aka asap re ok
    ones  not n't s t d m ll ve am pm
    """
)

INTERJECTIONS = words(
    """
    yum yummers welp tho thru whatcha whatsup
    hi hii hiii hey heya heyy heyyy hello hallo hullo hiya howdy yo sup wassup wazzup greetings goodbye bye byebye cya
    farewell cheers welcome morning gm gn goodnight night nite evening afternoon moin moi ciao hola salut bonjour
    thanks thank thx thanx ty tysm tyvm thankyou ta pls plz please sorry sry apologies pardon excuse congrats
    congratulations grats bravo kudos yes yeah yea yep yup yas yass yess no nope nah nay ok okay okey okie k kk alright
    alrighty aight sure fine cool nice neat sweet wow woah whoa wowza yay yayy hooray hurray woohoo woo yippee yikes oops
    whoops oof ouch ow ugh ughh meh hmm hm hmmm mm mmm mhm huh uh uhh um umm er erm ah ahh aha ahh haha hahaha hahahaha ha
    hehe heh hihi lol lmao lmfao rofl xd omg omfg omw wtf wth smh tbh imo imho idk idc ikr btw fyi afaik iirc ngl fr rn
    brb ttyl nvm jk tmi fwiw tldr damn dang darn shit fuck fucking crap hell heck gosh god jeez jesus geez gee wicked
    dude bro bruh man mate buddy pal bestie fam guys folks y'all ma'am sir honey darling dear sweetie hun babe exactly
    absolutely definitely totally indeed right true correct agreed amen voila tada hurrah psst shh phew brr eh oh ooh
    oooh aw aww awww boo bah duh gotcha welp yolo lolol np yw ily xoxo xx xxx hugs kisses sweetheart alas literally
    basically honestly seriously actually kinda sorta gimme lemme innit amirite bingo
    """
)
"""Greetings, thanks, fillers, swearing, forms of address."""

GENERIC_NOUNS = words(
    """
    thing things stuff something lot lots bit bits ton tons bunch kind kinds sort sorts type types way ways part parts
    piece pieces half rest side sides end ends start beginning middle top bottom front place places spot spots area
    areas point points case cases fact facts reason reasons cause idea ideas thought thoughts opinion opinions view
    question questions answer answers reply replies problem problems issue issues trouble matter matters situation
    situations moment moments minute minutes min mins second seconds sec secs hour hours hr hrs day days week weeks
    weekend weekends weekday weekdays month months year years decade decades century centuries age ages time times
    date dates while  mornings afternoons evenings nights midnight noon season seasons period periods
    number numbers amount amounts level levels degree degrees percent size sizes length width height weight distance
    word words sentence sentences line lines list lists example examples instance version versions form forms detail
    details information info content contents context subject subjects topic topics name names title titles note notes
    person persons people guy man men woman women folk friend friends buddies pals  other others else member
    members stranger strangers   owner beginner beginners expert experts fan fans 
    help advice tip tips trick tricks suggestion suggestions recommendation recommendations recs rec hint hints option
    options choice choices decision decisions chance chances opportunity possibility possibilities plan plans goal goals
    step steps process progress result results effect effects difference differences change changes improvement effort
    attempt attempts success failure failures mistake mistakes error errors luck fun joy pleasure pain happiness
    excitement feeling feelings emotion emotions mood moods sense senses hope hopes dream dreams fear fears worry worries
    surprise shame mess pity disaster nightmare miracle favor favour favourite favorites favourites favorite kindness
    support encouragement motivation inspiration passion interest interests hobby hobbies attention focus mind minds
    memory memories experience experiences adventure adventures journey story stories news life lives world reality
    truth lie joke jokes secret secrets  use uses habit habits routine routines practice  
     home homes room space spaces corner corners   hand hands face faces eye eyes  head heads
    foot feet leg legs arm arms finger fingers hair body bodies back voice look looks sound sounds taste tastes smell
    smells touch color colour colors colours shape shapes style styles quality standard standards condition conditions
    state states system systems method methods approach approaches technique techniques strategy strategies rule rules
    order orders set sets pair pairs group groups row rows series range ranges variety mix combination collection
     workplace task tasks thingy thingies thingie gizmo whatnot nonsense rubbish deal deals offer offers price
    prices cost costs value values benefit benefits advantage advantages disadvantage drawback risk risks purpose meaning
    role roles function functions feature features  aspect aspects factor factors element elements basis basics
    source sources resource resources   item items object objects kg kilo kilos gram grams km kilometre
    kilometres kilometer kilometers mile miles metre metres meter meters millimetre millimetres millimeter centimetre centimetres gb mb tb ghz mhz kb cm mm inch inches liter
    litre liters litres euro euros dollar dollars buck bucks pound pounds cent cents percent%  hundreds thousands
    millions dozens k 5k 10k conversation conversations chat chats message messages text texts reply talk talks speech
    response responses comment comments feedback post posts link links page pages site sites website websites internet
    service services account accounts program programs stage stages phase phases round rounds turn turns 
    vibe vibes  energy power strength strengths weakness weaknesses skill skills ability abilities talent talents
    knowledge understanding lesson lessons thinking beauty magic perfection dedication commitment determination courage
    bravery confidence patience positivity negativity gratitude appreciation impact influence importance reminder
    reminders relief comfort peace calm balance freedom challenge challenges struggle struggles obstacle obstacles
    accomplishment accomplishments achievement achievements milestone milestones reward rewards treat treats 
    bond bonds connection connections  companionship togetherness atmosphere environment surroundings
    scene scenes image images pic pics picture pictures   outcome outcomes perspective perspectives
    reaction reactions  request requests need needs want wants wish wishes must demand demands key
     majority minority total sum average minimum maximum limit limits extent  remainder leftover leftovers
    arrival departure return returns visit visits stay stays  absence presence  direction directions
    left right north south east west    lunchtime bedtime daytime nighttime deadline deadlines
    sake hang stretch shot shots hit hits drop drops cup cups glass bottle bottles box boxes bag bags slice slices
    bowlful spoonful handful mouthful load loads pile piles stack stacks   guess guesses bet doubt doubts
    clue clues sign signs proof evidence mention mentions gal gals lad lads lass chap chaps dudes bros sis 
    reasoning conclusion conclusions summary overview introduction intro  background ground grounds base bases
    core  variation variations  regards terms term  ratio ratios ingredient ingredients
    instruction instructions guide guides guideline guidelines explanation explanations description descriptions
    definition definitions category categories criteria priority priorities preference preferences expectation
    expectations assumption assumptions behaviour behavior behaviours action actions activity activities event events
    occasion occasions celebration celebrations incident incidents  edge edges surface surfaces layer layers
    hole holes gap gaps tone tones self selves soul souls spirit spirits hero heroes genius legend idiot fool loser
    winner beast   human humans being beings creature creatures individual individuals adult adults youth
    crowd public community communities society everyday  ass butt  stop stops break breaks pause rush hurry
    attitude honour honor pride proud mindset well-being wellbeing growth boost push pull lift burden pressure hype buzz
    blast fave faves fav favs vid vids prob probs comp comps potential meantime gut guts plenty rid track mid
    doin goin outing outings blessing blessings cause causes kinda approval meantime throughout awe sake guess
    newbie noob pro pros cons con upside downside downsides highlight highlights update updates upgrade upgrades setup
    setups stuffs oomph glimpse hassle pickle ride rides spin twist twists fix fixes  job jobs fingertips
    lifetime childhood adulthood future past present nowadays era eras timing schedule schedules appointment appointments
    """
)
"""Too general to say what a conversation is about, even with an article before them."""

TIME_WORDS = words(
    """
    monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays
    sundays mon tue tues wed thu thur thurs fri sat january february march april may june july august september october
    november december jan feb mar apr jun jul aug sept sep oct nov dec spring summer autumn fall winter summertime
    wintertime bst gmt utc cet est pst
    """
)

HEADS_ONLY = words(
    """
    class classes course courses lesson training session sessions club clubs team teams game games match matches player
    players teacher teachers coach coaches student students trip trips tour tours project projects app apps tool tools
    shop shops store stores market markets center centre bar room rooms table tables board boards kit kits set machine
    machines equipment gear material materials product products brand brands company companies business businesses
    office offices meeting meetings event group show shows series episode episodes season video videos channel song
    songs album albums band bands concert concerts recipe recipes dish dishes meal meals food foods drink drinks
    breakfast lunch dinner snack snacks party parties gift gifts present presents photo photos photograph photographs
    test tests exam exams score scores level points competition tournament race races championship award awards prize
    prizes festival festivals museum museums park parks street streets road roads city cities town towns village country
    countries neighbor neighbors neighbour neighbours neighborhood neighbourhood roommate roommates flatmate colleague
    colleagues coworker coworkers co-worker co-workers boss bosses customer customers client clients kid kids child
    children boy boys girl girls lady ladies character characters scene  chapter chapters page paper papers
    letter letters phone phones computer laptop screen file files folder code script scripts data bug bugs button
    buttons cable cables door doors window windows floor floors wall walls roof bed beds chair chairs desk couch sofa
    house flat apartment building buildings kitchen bathroom bedroom yard hallway  view water air light lights
    fire ice oil paper wood metal plastic glass stone color money budget card cards ticket tickets key keys bill bills
    design designs  style model models piece art-piece work works routine program workshop workshops lecture
    lectures section sections unit units block blocks size pack packs package packages stuff partner partners sleep
    care culture language languages word sport sports exercise exercises workout workouts move moves position area
    problem rock rocks hall line box sensor sensors cover covers batch batches sample samples half piece weather
    temperature heat sun rain wind snow edge sheet sheets top bottom base ring head
    try tries read reads play plays share shares plot drive drives stand step steps kick kicks feed pick
    spot field fields camp camps zone  run runs walk walks way night day week 
    """
)
"""Say little by themselves, but may end a phrase: "hockey practice", "pasta machine"."""

ADJECTIVES = words(
    """
    good great nice bad big small large huge tiny little old new young fresh long short tall high low deep shallow wide
    narrow thick thin heavy light dark bright strong weak hard soft easy difficult simple complex complicated tough
    rough smooth sharp dull hot cold warm cool dry wet clean dirty quick fast slow early late rare common usual unusual
    normal regular weird strange odd funny hilarious serious sad happy glad angry mad upset scared afraid nervous anxious
    excited thrilled proud tired exhausted sleepy sick ill healthy hungry thirsty bored boring interesting amazing
    awesome awful terrible horrible wonderful beautiful pretty ugly gorgeous lovely cute adorable perfect fantastic
    incredible unbelievable brilliant excellent outstanding superb magnificent fabulous epic stunning impressive
    inspiring inspired encouraging exciting relaxing relaxed refreshing comfortable uncomfortable cozy cosy convenient
    important necessary possible impossible likely unlikely available ready busy free full empty open closed cheap
    expensive free-time rich poor lucky unlucky safe dangerous risky wrong right real fake true false fair unfair main
    major minor whole entire complete total final initial previous current recent modern ancient traditional classic
    typical original special particular specific general basic advanced extra additional certain sure unsure clear
    unclear obvious familiar similar different same equal close near far distant local foreign international global
    national private public personal professional social physical mental emotional natural artificial official legal
    illegal moral positive negative active passive quiet loud noisy silent calm peaceful wild crazy insane stupid dumb
    silly smart clever wise intelligent dumbass kind mean gentle polite rude friendly unfriendly honest dishonest loyal
    generous selfish lazy diligent careful careless patient impatient brave shy lonely alone alive dead asleep awake
    pregnant married single divorced able unable willing unwilling aware unaware worth worthy useful useless helpful
    helpless effective efficient successful powerful popular famous unknown favorite favourite best better worst worse
    greatest biggest smallest oldest newest latest least fewer more sweet sour bitter salty spicy tasty delicious yummy
    gross disgusting tender crispy creamy juicy silky fluffy fuzzy bubbly flat round square straight curved crooked loose
    tight rigid flexible stable shaky broken fixed ripe rotten raw fancy plain elegant stylish ugly shiny colorful
    colourful red blue green yellow orange purple pink brown black white gray grey golden silver beige turquoise violet
    creative imaginative supportive meaningful thoughtful grateful thankful hopeful hopeless stressful stressed painful
    cheerful joyful peaceful delightful insightful valuable precious unique ordinary extraordinary remarkable memorable
    magical mysterious spectacular breathtaking mind-blowing heartwarming rewarding fulfilling satisfying challenging
    overwhelming frustrating annoying disappointing embarrassing depressing surprising shocking confusing tiring
    exhausting entertaining fascinating intriguing tempting touching moving promising confident curious keen eager
    enthusiastic passionate determined motivated dedicated committed talented skilled gifted experienced professional
    capable competent responsible reliable independent dependent upcoming ongoing past future present daily weekly
    monthly yearly annual rainy sunny cloudy windy snowy stormy foggy freezing chilly hazy grumpy moody goofy nerdy geeky
    picky messy tidy crowded hectic wee lil massive enormous gigantic giant mini medium average decent okay-ish alright
    fine solid neat rad dope lit sick legit random lame badass baddest nasty filthy rusty dusty dizzy numb sore stiff
    swollen itchy leggy pale unreal surreal ridiculous absurd pointless endless countless numerous multiple
    various separate related unrelated relevant irrelevant proper improper appropriate suitable ideal optimal exact
    precise accurate rough approximate tolerant sensitive stubborn strict severe mild moderate extreme intense vivid
    subtle slight steep vast broad overall inner outer upper lower middle left opposite front rear top-notch go-to
    so-called brand-new up-to-date old-school high-quality low-key super mega ultra hyper semi non pre post half-baked
    hand-made handmade homemade home-made well-known long-term short-term full-time part-time all-time real-life
    so-so first-time one-time last-minute must-have must-see next-level unfinished untreated unaffected unsafe
    addictive attractive expressive impressive effective massive obsessed addicted interested disappointed annoyed
    confused surprised shocked stunned frustrated overwhelmed worried concerned embarrassed ashamed jealous guilty
    innocent alright steady sudden rapid gradual constant frequent occasional rare permanent temporary instant immediate
    scary therapeutic upbeat inclusive resilient essential allergic inevitable brutal evil pleasant unpleasant actual
    coarse further cautious consistent persistent brilliant elegant vibrant fragrant abundant significant constant
    distant reluctant hesitant ignorant arrogant urgent decent recent frequent evident apparent transparent silent
    violent excellent magnificent convenient patient innocent efficient sufficient ancient current absent present
    flawless whole nerve-wracking de-stress gross eerie cringe cheesy corny tacky fluent absolute major lifelong genuine
    sincere pure mere sheer scarce fierce sane humane mature premature secure obscure bizarre solo duo iconic tricky
    awkward straightforward tedious dreadful restless effortless seamless hands-on in-depth second-best fond proud
    eastern western northern southern central inside outside used unused spare leftover heartfelt bittersweet
    """
)
"""Say how something is, not what. They are dropped from labels."""

CLASSIFYING_ADJECTIVES = words(
    """
    electric electronic digital analog analogue acoustic solar nuclear organic gluten-free dairy-free
    medical musical historical political economic financial environmental industrial mechanical chemical biological
    botanical agricultural culinary athletic academic scientific technical mathematical philosophical psychological
    religious spiritual classical medieval roman victorian renaissance gothic baroque contemporary abstract indie folk
    urban rural coastal marine aquatic alpine nordic arctic tropical celtic latin gaelic
    cuban brazilian mexican american canadian british scottish irish welsh english french german italian spanish
    portuguese dutch belgian swiss austrian danish swedish norwegian finnish icelandic polish czech slovak hungarian
    romanian bulgarian greek turkish russian ukrainian arabic hebrew persian iranian egyptian moroccan ethiopian nigerian
    african asian indian pakistani chinese japanese korean vietnamese thai indonesian filipino australian european
    frozen fried baked roasted grilled smoked dried canned fermented pickled knitted wooden leather woolen woollen
    virtual mobile wireless remote artificial competitive amateur semi-professional cryptic stainless cast-iron carbon
    domestic stray feline canine equestrian pediatric dental surgical genetic neural quantum linguistic
    second-hand vintage retro antique underwater underground outdoor indoor ultralight magnetic hydraulic
    creative-writing mental-health sci-fi romantic dystopian post-apocalyptic supernatural
    """
)
"""Say which kind it is: "electric car". Kept before a noun, never a topic alone."""

LANGUAGE_NAMES = words(
    """
    english french german italian spanish portuguese dutch danish swedish norwegian finnish icelandic polish czech
    hungarian romanian greek turkish russian ukrainian arabic hebrew persian hindi chinese mandarin cantonese japanese
    korean vietnamese thai irish welsh gaelic latin swahili
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
    family jelly belly lily butterfly dragonfly italy ally rally bully assembly monopoly anomaly july reply supply holly
    fly firefly gully monopoly melancholy sicily poly homily panoply doily anthropoly
    """
)
"""Nouns that end in -ly."""

FAMILY_WORDS = words(
    """
    mother mom mum mommy mummy mama mamma father dad daddy papa parent parents sister brother sibling siblings son
    daughter baby twin twins grandmother grandma granny nana nan nonna grandfather grandpa granddad grandson
    granddaughter grandchild grandchildren grandparent grandparents aunt auntie uncle cousin cousins niece nephew wife
    husband hubby fiance fiancee fiancé fiancée girlfriend boyfriend partner family families in-laws mother-in-law
    father-in-law sister-in-law brother-in-law stepmother stepfather stepson stepdaughter stepbrother stepsister
    ex ex-wife ex-husband ex-boyfriend ex-girlfriend kid kids toddler
    """
)

PETS = words(
    """
    dog cat puppy kitten rabbit bunny hamster parrot horse pony turtle tortoise snake lizard gecko ferret goldfish
    budgie guinea-pig bird
    """
)

COMPOUNDS = frozenset(
    line.strip()
    for line in """
    board game, video game, card game, role-playing game, computer game, ice cream, ice hockey, ice skating,
    figure skating, rock climbing, road trip, science fiction, mental health, machine learning, deep learning,
    artificial intelligence, graphic novel, comic book, martial arts, high school, home office, electric car,
    climate change, social media, stand-up comedy, true crime, guinea pig, polar bear, hip hop, heavy metal,
    classical music, live music, country music, rock music, folk music, folk dance, ballroom dancing, tap dancing,
    table tennis, beach volleyball, american football, field hockey, scuba diving, wild swimming, trail running,
    half marathon, weight lifting, strength training, mountain biking, horse riding, public transport, night sky,
    role play, home automation, 3d printing, street photography, wildlife photography, street art, fine arts,
    interior design, graphic design, web design, game design, fashion design, creative writing, short story,
    history book, fantasy novel, crime novel, horror film, horror movie, soap opera, reality tv, tv show, tv series,
    model train, model railway, jigsaw puzzle, crossword puzzle, real estate, stock market, night shift, day care,
    driving licence, driving license, driving test, job interview, job hunt, new job, blood pressure, back pain,
    panic attack, heart attack, high blood pressure, peanut butter, olive oil, orange juice, french press, sour dough,
    green tea, black tea, hot chocolate, craft beer, sushi bar, farmers market, christmas tree, birthday party,
    bird watching, washing machine, sewing machine, coffee machine, espresso machine, vacuum cleaner, robot vacuum,
    raised bed, solar panel, heat pump, power plant, space station, black hole, open source, smart home, data science,
    computer science, operating system, house plant, sports car, fire department, fire fighter, police officer
    """.replace("\n", " ").split(",")
)
"""Said as one word."""
