"""English nouns that are no topic, or only in company, and those that belong together."""

from __future__ import annotations

from .lexicon import words

GENERIC_NOUNS = words(
    """
    thing things stuff something lot lots bit bits ton tons bunch kind kinds sort sorts type types way ways part
    parts piece pieces half rest side sides end ends start beginning middle top bottom front place places spot spots
    area areas point points case cases fact facts reason reasons cause idea ideas thought thoughts opinion opinions
    view question questions answer answers reply replies problem problems issue issues trouble matter matters
    situation situations moment moments minute minutes min mins second seconds sec secs hour hours hr hrs day days
    week weeks weekend weekends weekday weekdays month months year years decade decades century centuries age ages
    time times date dates while mornings afternoons evenings nights midnight noon season seasons period periods
    number numbers amount amounts level levels degree degrees percent size sizes length width height weight distance
    word words sentence sentences line lines list lists example examples instance version versions form forms detail
    details information info content contents context subject subjects topic topics name names title titles note
    notes person persons people guy man men woman women folk friend friends buddies pals other others else member
    members stranger strangers owner beginner beginners expert experts fan fans help advice tip tips trick tricks
    suggestion suggestions recommendation recommendations recs rec hint hints option options choice choices decision
    decisions chance chances opportunity possibility possibilities plan plans goal goals step steps process progress
    result results effect effects difference differences change changes improvement effort attempt attempts success
    failure failures mistake mistakes error errors luck fun joy pleasure pain happiness excitement feeling feelings
    emotion emotions mood moods sense senses hope hopes dream dreams fear fears worry worries surprise shame mess
    pity disaster nightmare miracle favor favour favourite favorites favourites favorite kindness support
    encouragement motivation inspiration passion interest interests hobby hobbies attention focus mind minds memory
    memories experience experiences adventure adventures journey story stories news life lives world reality truth
    lie joke jokes secret secrets use uses habit habits routine routines practice home homes room space spaces
    corner corners hand hands face faces eye eyes head heads foot feet leg legs arm arms finger fingers hair body
    bodies back voice look looks sound sounds taste tastes smell smells touch color colour colors colours shape
    shapes style styles quality standard standards condition conditions state states system systems method methods
    approach approaches technique techniques strategy strategies rule rules order orders set sets pair pairs group
    groups row rows series range ranges variety mix combination collection workplace task tasks thingy thingies
    thingie gizmo whatnot nonsense rubbish deal deals offer offers price prices cost costs value values benefit
    benefits advantage advantages disadvantage drawback risk risks purpose meaning role roles function functions
    feature features aspect aspects factor factors element elements basis basics source sources resource resources
    item items object objects kg kilo kilos gram grams km kilometre kilometres kilometer kilometers mile miles metre
    metres meter meters millimetre millimetres millimeter centimetre centimetres gb mb tb ghz mhz kb cm mm inch
    inches liter litre liters litres euro euros dollar dollars buck bucks pound pounds cent cents percent% hundreds
    thousands millions dozens k 5k 10k conversation conversations chat chats message messages text texts talk talks
    speech response responses comment comments feedback post posts link links page pages site sites website websites
    internet service services account accounts program programs stage stages phase phases round rounds turn turns
    vibe vibes energy power strength strengths weakness weaknesses skill skills ability abilities talent talents
    knowledge understanding lesson lessons thinking beauty magic perfection dedication commitment determination
    courage bravery confidence patience positivity negativity gratitude appreciation impact influence importance
    reminder reminders relief comfort peace calm balance freedom challenge challenges struggle struggles obstacle
    obstacles accomplishment accomplishments achievement achievements milestone milestones reward rewards treat
    treats bond bonds connection connections companionship togetherness atmosphere environment surroundings scene
    scenes image images pic pics picture pictures outcome outcomes perspective perspectives reaction reactions
    request requests need needs want wants wish wishes must demand demands key majority minority total sum average
    minimum maximum limit limits extent remainder leftover leftovers arrival departure return returns visit visits
    stay stays absence presence direction directions left right north south east west lunchtime bedtime daytime
    nighttime deadline deadlines sake hang stretch shot shots hit hits drop drops cup cups glass bottle bottles box
    boxes bag bags slice slices bowlful spoonful handful mouthful load loads pile piles stack stacks guess guesses
    bet doubt doubts clue clues sign signs proof evidence mention mentions gal gals lad lads lass chap chaps dudes
    bros sis reasoning conclusion conclusions summary overview introduction intro background ground grounds base
    bases core variation variations regards terms term ratio ratios ingredient ingredients instruction instructions
    guide guides guideline guidelines explanation explanations description descriptions definition definitions
    category categories criteria priority priorities preference preferences expectation expectations assumption
    assumptions behaviour behavior behaviours action actions activity activities event events occasion occasions
    celebration celebrations incident incidents edge edges surface surfaces layer layers hole holes gap gaps tone
    tones self selves soul souls spirit spirits hero heroes genius legend idiot fool loser winner beast human humans
    being beings creature creatures individual individuals adult adults youth crowd public community communities
    society everyday ass butt stop stops break breaks pause rush hurry attitude honour honor pride proud mindset
    well-being wellbeing growth boost push pull lift burden pressure hype buzz blast fave faves fav favs vid vids
    prob probs comp comps potential meantime gut guts plenty rid track mid doin goin outing outings blessing
    blessings causes kinda approval throughout awe newbie noob pro pros cons con upside downside downsides highlight
    highlights update updates upgrade upgrades setup setups stuffs oomph glimpse hassle pickle ride rides spin twist
    twists fix fixes job jobs fingertips lifetime childhood adulthood future past present nowadays era eras timing
    schedule schedules appointment appointments
    """
)
"""Too general to say what a conversation is about, even with an article before them."""

TIME_WORDS = words(
    """
    monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays
    sundays mon tue tues wed thu thur thurs fri sat january february march april may june july august september
    october november december jan feb mar apr jun jul aug sept sep oct nov dec spring summer autumn fall winter
    summertime wintertime bst gmt utc cet est pst
    """
)

HEADS_ONLY = words(
    """
    class classes course courses lesson training session sessions club clubs team teams game games match matches player
    players teacher teachers coach coaches student students trip trips tour tours project projects app apps tool tools
    market markets center centre bar room rooms table tables board boards kit kits set machine machines equipment gear
    material materials product products brand brands meeting meetings event group show shows series episode episodes
    season video videos channel dish dishes meal meals food foods drink drinks breakfast lunch dinner snack snacks
    present presents photo photos photograph photographs test tests score scores level points race races award awards
    prize prizes park parks street streets road roads city cities town towns village country countries neighbor
    neighbors neighbour neighbours neighborhood neighbourhood roommate roommates flatmate colleague colleagues coworker
    coworkers co-worker co-workers customer customers client clients kid kids child children boy boys girl girls lady
    ladies character characters scene chapter chapters page paper papers letter letters screen file files folder code
    script scripts data bug bugs button buttons cable cables door doors window windows floor floors wall walls roof bed
    beds chair chairs desk couch sofa flat building buildings kitchen bathroom bedroom yard hallway view water air
    light lights fire ice oil wood metal plastic glass stone color money budget card cards ticket tickets key keys bill
    bills style model models piece art-piece work works routine program workshop workshops lecture lectures section
    sections unit units block blocks size pack packs package packages stuff partner partners sleep care culture word
    sport sports workout workouts move moves position area problem rock rocks hall line box sensor sensors cover covers
    batch batches sample samples half weather temperature heat sun rain wind snow edge sheet sheets top bottom base
    ring head try tries read reads play plays share shares plot drive drives stand step steps kick kicks feed pick spot
    field fields camp camps zone run runs walk walks way night day week
    """
)
"""Say little by themselves, but may end a phrase: "hockey practice", "pasta machine"."""

FAMILY_WORDS = words(
    """
    mother mom mum mommy mummy mama mamma father dad daddy papa parent parents sister brother sibling siblings son
    daughter baby twin twins grandmother grandma granny nana nan nonna grandfather grandpa granddad grandson
    granddaughter grandchild grandchildren grandparent grandparents aunt auntie uncle cousin cousins niece nephew
    wife husband hubby fiance fiancee fiancé fiancée girlfriend boyfriend partner family families in-laws
    mother-in-law father-in-law sister-in-law brother-in-law stepmother stepfather stepson stepdaughter stepbrother
    stepsister ex ex-wife ex-husband ex-boyfriend ex-girlfriend kid kids toddler
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
    board game, video game, card game, role-playing game, computer game, ice cream, road trip, science fiction,
    mental health, machine learning, deep learning, artificial intelligence, graphic novel, comic book, martial arts,
    high school, home office, electric car, climate change, social media, stand-up comedy, true crime, guinea pig,
    polar bear, hip hop, heavy metal, classical music, live music, country music, rock music, folk music,
    strength training, public transport, night sky, role play, home automation, 3d printing, street art, fine arts,
    interior design, graphic design, web design, game design, fashion design, creative writing, short story,
    history book, fantasy novel, crime novel, horror film, horror movie, soap opera, reality tv, tv show, tv series,
    model train, model railway, jigsaw puzzle, crossword puzzle, real estate, stock market, night shift, day care,
    driving licence, driving license, driving test, job interview, job hunt, new job, blood pressure, back pain,
    panic attack, heart attack, high blood pressure, peanut butter, olive oil, orange juice, french press, sour dough,
    green tea, black tea, hot chocolate, craft beer, sushi bar, farmers market, christmas tree, birthday party,
    washing machine, sewing machine, coffee machine, espresso machine, vacuum cleaner, robot vacuum, raised bed,
    solar panel, heat pump, power plant, space station, black hole, open source, smart home, data science,
    computer science, operating system, house plant, sports car, fire department, fire fighter, police officer
    """.replace("\n", " ").split(",")
)
"""Said as one word."""
