"""Stop words and first-person words of the languages that a text can be recognised as.

A stop word carries no content and is not indexed. The lists are short on purpose: a word that is merely frequent is
weighed down by its document frequency anyway. "may" and "march" are months, and dates are indexed: neither is listed.
"""

from __future__ import annotations

import attrs

from .folding import folded_word


def _words(text: str) -> frozenset[str]:
    return frozenset(folded_word(word) for word in text.split())


@attrs.frozen(kw_only=True)
class Language:
    """What is known of a language.

    Attributes:
        code: ISO 639-1.
        name: as the stemmers are named.
        stop_words, first_person: in lower case and folded.
    """

    code: str
    name: str
    stop_words: frozenset[str] = attrs.field(converter=_words, repr=False)
    first_person: frozenset[str] = attrs.field(converter=_words, repr=False)


ENGLISH = Language(
    code="en",
    name="english",
    stop_words="""
    a an the this that these those such
    i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers
    herself it its itself they them their theirs themselves one ones
    am is are was were be been being have has had having do does did doing done
    will would shall should can could might must ought cannot
    and or but nor so yet if then else than because as while until though although unless whether
    of at by for with about against between into through during before after above below to from up down in out on off
    over under upon within without toward towards onto per via among around
    who whom whose which what when where why how whatever whenever wherever whoever whichever
    all any both each either neither every few more most much many other another others some same own only
    not no yes again further once here there now just very too also ever even still else
    s t d m o re ve ll y don didn doesn isn aren wasn weren hasn haven hadn won wouldn shouldn couldn mustn needn mightn
    shan ain im ive
    """,
    first_person="i me my mine myself we us our ours ourselves im ive",
)

GERMAN = Language(
    code="de",
    name="german",
    stop_words="""
    der die das den dem des ein eine einen einem einer eines kein keine keinen keinem keiner keines
    ich mich mir mein meine meinen meinem meiner meines du dich dir dein deine deinen deinem deiner deines er ihn ihm
    sie ihr ihre ihren ihrem ihrer ihres es sein seine seinen seinem seiner seines wir uns unser unsere unseren unserem
    unserer euch euer eure sich man
    bin bist ist sind seid war warst waren wart wäre wären gewesen habe hast hat haben habt hatte hatten hattest hätte
    werde wirst wird werden wurde wurden worden würde würden kann kannst können konnte konnten könnte muss müssen
    musste soll sollen sollte will wollen wollte mag möchte darf dürfen
    und oder aber denn sondern als wie wenn weil dass daß ob obwohl damit während bevor nachdem
    in im an am auf aus bei beim mit nach seit von vom zu zum zur für durch gegen ohne um unter über vor hinter neben
    zwischen bis
    wer wen wem wessen was wann wo woher wohin warum wieso weshalb welche welcher welches welchen welchem
    dieser diese dieses diesen diesem jener jene jenes jeder jede jedes alle alles viel viele mehr
    nicht nichts ja nein auch noch nur schon sehr so dann da dort hier jetzt doch mal nun wieder etwas hin her
    """,
    first_person="""ich mich mir mein meine meinen meinem meiner meines wir uns unser unsere unseren unserem unserer""",
)

FRENCH = Language(
    code="fr",
    name="french",
    stop_words="""
    le la les l un une des du de d au aux ce cet cette ces ça c cela
    je j me m moi mon ma mes tu te t toi ton ta tes il elle on lui son sa ses se s nous notre nos vous votre vos ils
    elles eux leur leurs y en mien mienne
    suis es est sommes êtes sont étais était étions étaient été être ai as a avons avez ont avais avait avions avaient
    avoir eu sera serait fut peux peut peuvent fait faire dois doit
    et ou mais donc or ni car que qu qui quoi dont où si comme quand parce puisque lorsque
    à dans par pour sur sous avec sans chez vers entre depuis pendant avant après contre jusque
    quel quelle quels quelles comment pourquoi combien lequel laquelle
    ne n pas plus non oui très aussi encore déjà ici là alors bien tout tous toute toutes même trop peu
    """,
    first_person="je j me m moi mon ma mes mien mienne nous notre nos",
)

SPANISH = Language(
    code="es",
    name="spanish",
    stop_words="""
    el la los las lo un una unos unas al del este esta esto estos estas ese esa eso esos esas aquel aquella
    yo me mí mi mis mío mía tú te ti tu tus él ella ello se sí su sus nos nosotros nosotras nuestro nuestra nuestros
    nuestras vosotros os vuestro vuestra ellos ellas le les usted ustedes
    soy eres es somos son era eras eran éramos fui fue fuimos fueron sido ser sea estoy estás está estamos están estaba
    estaban he has ha hemos han había habían haber hay tengo tienes tiene tenemos tienen tenía puede puedo pueden
    y e o u pero sino que si porque como cuando aunque mientras pues
    de a en con por para sin sobre entre hasta desde hacia según contra durante ante tras
    qué quién quiénes cuál cuáles cuándo dónde donde adónde cómo cuánto cuánta cuántos cuántas quien
    no ni más muy ya también tampoco aquí allí ahora entonces todo toda todos todas algo nada otro otra mucho poco
    """,
    first_person="yo me mí mi mis mío mía nos nosotros nosotras nuestro nuestra nuestros nuestras",
)

ITALIAN = Language(
    code="it",
    name="italian",
    stop_words="""
    il lo la i gli le l un uno una questo questa questi queste quello quella quelli quelle
    io me mi mio mia miei mie tu te ti tuo tua tuoi tue lui lei egli ella esso si sé suo sua suoi sue noi ci nostro
    nostra nostri nostre voi vi vostro vostra loro ne
    sono sei è siamo siete ero era eravamo erano stato stata stati essere sia ho hai ha abbiamo avete hanno avevo
    aveva avevano avere può posso possono devo deve
    e ed o ma però che chi cui se perché come quando mentre anche quindi
    di a da in con su per tra fra del dello della dei degli delle al allo alla ai agli alle dal dalla dai nel nello
    nella nei negli nelle sul sulla sui sugli sulle
    dove quale quali quanto quanta quanti quante cosa
    non no più molto già ancora qui lì là ora poi così tutto tutti tutta tutte
    """,
    first_person="io me mi mio mia miei mie noi ci nostro nostra nostri nostre",
)

PORTUGUESE = Language(
    code="pt",
    name="portuguese",
    stop_words="""
    o a os as um uma uns umas este esta estes estas esse essa esses essas isto isso aquele aquela aquilo
    eu me mim meu minha meus minhas tu te ti teu tua ele ela eles elas se si seu sua seus suas dele dela deles delas nós
    nos nosso nossa nossos nossas você vocês lhe lhes vos
    sou és é somos são era eras eram fui foi fomos foram sido ser seja estou está estamos estão estava estavam tenho
    tem temos têm tinha tinham ter há havia pode posso podem
    e ou mas que se porque como quando embora enquanto pois
    de do da dos das em no na nos nas num numa ao à aos às por pelo pela pelos pelas para com sem sobre entre até desde
    quem qual quais onde aonde quanto quanta quantos quantas quê
    não nem mais muito já também aqui ali lá agora então tudo todo toda todos todas outro outra
    """,
    first_person="eu me mim meu minha meus minhas nós nos nosso nossa nossos nossas",
)

DUTCH = Language(
    code="nl",
    name="dutch",
    stop_words="""
    de het een dit dat deze die
    ik me mij mijn mijne jij je jou jouw u uw hij hem zijn haar zij ze wij we ons onze jullie hun hen zich men er
    ben bent is was waren geweest zijn heb hebt heeft hebben had hadden gehad word wordt worden werd werden zal zullen
    zou zouden kan kunnen kon konden moet moeten moest mag wil willen wilde
    en of maar want dus als dan omdat terwijl toen hoewel
    in op aan van voor met bij naar uit over door tegen tot om te ten ter onder tussen zonder na sinds tijdens
    wie wat waar wanneer waarom hoe welke welk
    niet geen ja nee ook nog al maar zo hier daar nu dan heel zeer veel meer weer wel iets niets alles
    """,
    first_person="ik me mij mijn mijne wij we ons onze",
)

SWEDISH = Language(
    code="sv",
    name="swedish",
    stop_words="""
    en ett den det de dem denna detta dessa
    jag mig min mitt mina du dig din ditt dina han honom hans hon henne hennes hen vi oss vår vårt våra ni er ert era
    deras sig sin sitt sina man
    är var varit vara har hade haft ha blir blev bli ska skall skulle kan kunde vill ville måste får fick
    och eller men för att som om när då än eftersom medan innan
    i på av med till från hos vid mot genom under över efter före mellan utan åt ur
    vad vem vems vilken vilket vilka var vart när varför hur
    inte ej ja nej också bara redan mycket så här där nu sedan allt alla
    """,
    first_person="jag mig min mitt mina vi oss vår vårt våra",
)

DANISH = Language(
    code="da",
    name="danish",
    stop_words="""
    en et den det de dem denne dette disse
    jeg mig min mit mine du dig din dit dine han ham hans hun hende hendes vi os vores i jer jeres deres sig sin sit
    sine man
    er var været være har havde haft have bliver blev blive skal skulle kan kunne vil ville må måtte får fik
    og eller men for at som om når da end fordi mens før
    på af med til fra hos ved mod gennem under over efter mellem uden ud
    hvad hvem hvis hvilken hvilket hvilke hvor hvornår hvorfor hvordan
    ikke ja nej også kun allerede meget så her der nu siden alt alle
    """,
    first_person="jeg mig min mit mine vi os vores",
)

NORWEGIAN = Language(
    code="no",
    name="norwegian",
    stop_words="""
    en ei et den det de dem denne dette disse
    jeg meg min mi mitt mine du deg din di ditt dine han ham hans hun henne hennes vi oss vår vårt våre dere deres seg
    sin sitt sine man
    er var vært være har hadde hatt ha blir ble bli skal skulle kan kunne vil ville må måtte får fikk
    og eller men for at som om når da enn fordi mens før
    i på av med til fra hos ved mot gjennom under over etter mellom uten ut
    hva hvem hvilken hvilket hvilke hvor når hvorfor hvordan
    ikke ja nei også bare allerede mye så her der nå siden alt alle
    """,
    first_person="jeg meg min mi mitt mine vi oss vår vårt våre",
)

FINNISH = Language(
    code="fi",
    name="finnish",
    stop_words="""
    minä minun minua minulla minulle minut sinä sinun sinua sinulla sinulle sinut hän hänen häntä hänellä hänelle me
    meidän meitä meillä meille te teidän teitä teillä he heidän heitä heillä se sen sitä siinä siitä siihen sillä ne
    niiden niitä tämä tämän tätä tässä tästä tuo tuon nämä nuo
    olen olet on olemme olette ovat olin olit oli olimme olivat ollut olleet olla olisi en et ei emme ette eivät ole
    ja tai mutta sekä eli vaan että jos kun koska vaikka kuin niin
    kuka kenen ketä kenellä mikä minkä mitä missä mistä mihin milloin miksi miten millainen kuinka
    myös vain jo vielä nyt sitten siellä täällä tuolla hyvin kanssa kaikki joka jotka
    """,
    first_person="""minä minun minua minulla minulle minut me meidän meitä meillä meille""",
)

RUSSIAN = Language(
    code="ru",
    name="russian",
    stop_words="""
    я меня мне мной мой моя моё мои моего моей моих моему моим ты тебя тебе тобой твой твоя твоё твои он его него ему
    нему им ним она её ей ней неё оно мы нас нам нами наш наша наше наши вы вас вам вами ваш ваша ваше ваши они их них
    ими ними себя себе свой своя своё свои
    это этот эта эти этого этой этом тот та те того той том то
    быть был была было были есть буду будет будут бы
    и а но или да же ли что чтобы если как когда потому хотя пока так
    в во на с со к ко по за из из у о об от до для при без под над через между про перед после
    кто кого кому кем чего чему чем где куда откуда почему зачем какой какая какое какие сколько
    не ни нет ещё уже только очень тоже там тут здесь сейчас теперь тогда вот ну весь вся всё все
    """,
    first_person="""
    я меня мне мной мой моя моё мои моего моей моих моему моим мы нас нам нами наш наша наше наши
    """,
)

LANGUAGES: dict[str, Language] = {
    language.name: language
    for language in (
        ENGLISH,
        GERMAN,
        FRENCH,
        SPANISH,
        ITALIAN,
        PORTUGUESE,
        DUTCH,
        SWEDISH,
        DANISH,
        NORWEGIAN,
        FINNISH,
        RUSSIAN,
    )
}
"""By the name of the stemmer, in the order in which ties between languages are decided."""

FIRST_PERSON_UNSPACED = ("我", "私", "僕", "俺", "내가", "나는", "나의", "제가", "저는", "우리")
"""What stands for the speaker in Chinese, Japanese and Korean, where texts are not split into words."""

STEMMER_CODES = {
    "arabic": "ar",
    "armenian": "hy",
    "basque": "eu",
    "catalan": "ca",
    "czech": "cs",
    "danish": "da",
    "dutch": "nl",
    "english": "en",
    "esperanto": "eo",
    "estonian": "et",
    "finnish": "fi",
    "french": "fr",
    "german": "de",
    "greek": "el",
    "hindi": "hi",
    "hungarian": "hu",
    "indonesian": "id",
    "irish": "ga",
    "italian": "it",
    "lithuanian": "lt",
    "nepali": "ne",
    "norwegian": "no",
    "persian": "fa",
    "polish": "pl",
    "portuguese": "pt",
    "romanian": "ro",
    "russian": "ru",
    "serbian": "sr",
    "sesotho": "st",
    "spanish": "es",
    "swedish": "sv",
    "tamil": "ta",
    "turkish": "tr",
    "yiddish": "yi",
}
"""The Snowball stemmers and the ISO 639-1 codes of their languages."""
