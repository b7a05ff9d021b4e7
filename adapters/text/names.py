"""Names that are recognised without further evidence: first names and places."""

from __future__ import annotations

from .lexicon import words

FIRST_NAMES = words(
    """
    aaron abby abdul abigail adam adele adrian agnes ahmed aisha alan albert alejandro alex alexander alexandra
    alexis alfred ali alice alicia alina alison allan amanda amelia amina amir amy ana anders andre andrea andreas
    andrew andy angela angelina anita anja ann anna anne annie anthony anton antonio anya arthur arturo asha ashley
    astrid audrey ava barbara beatrice ben benjamin bernard beth bethany betty bianca bill billy bjorn bob brandon
    brenda brian brigitte bruno bryan caleb cameron camila carl carla carlos carmen carol carolina caroline
    catherine cathy cecilia charles charlie charlotte chen chloe chris christian christina christine christoph
    christopher cindy claire clara claudia colin connor craig cynthia daniel daniela danielle danny darren dave
    david deborah denise dennis derek diana diego dmitri dominic donald donna doris dorothy doug douglas dylan eddie
    edgar eduardo edward eileen elaine elena eleanor eli elias elijah elisa elisabeth elise eliza elizabeth ella
    ellen elliot emil emilia emily emma enrique eric erica erik erika erin esther ethan eugene eva evan eve evelyn
    fabian fatima felipe felix fernando fiona flora florian francesca francesco francis francisco frank franz fred
    freddie frederick frieda gabriel gabriela gareth gary gavin george georgia gerald gianni gina giorgio giovanni
    giulia gloria gordon greg gregory greta guillermo gustav hamza hannah hans harold harriet harry harvey hassan
    heather hector heidi helen helena helga henrik henry hiroshi hugo ian ibrahim igor ines ingrid irene isaac
    isabel isabella isla ivan ivana jack jackie jackson jacob jacqueline jade jake james jamie jan jane janet janice
    jason javier jean jeff jeffrey jennifer jenny jeremy jerry jess jesse jessica jill jim jimmy joan joanna joanne
    joao joe joel johan johanna johannes john johnny jon jonas jonathan jordan jorge jose josef joseph josh joshua
    josie juan juana judith judy julia julian juliana julie juliet jonah julien justin kai karen karim karin karl
    kate katherine kathleen kathryn kathy katie katja kayla keith kelly ken kenji kenneth kerry kevin khadija kim
    kimberly klaus kofi kristen kristina kurt kyle lars laura lauren laurie lea leah lena leo leon leonard leonardo
    leonie leroy leslie levi liam lidia lily linda lisa liz lizzie logan lola lorenzo lou louis louisa louise luca
    lucas lucia lucy luigi luis luisa lukas luke lydia maddie madison magda maggie malik manuel marc marcel marco
    marcos marcus margaret margot maria mariam marianne marie marina mario marion mark markus marta martha martin
    martina mary mateo mathilda matt matteo matthew matthias maureen maurice max maxim maya megan mehmet mel melanie
    melissa mia michael michelle miguel mika mike mikko mila milan mina miriam mohamed mohammed moira molly monica
    monika morgan muhammad nadia nancy naomi natalia natalie natasha nate nathan neil nicholas nick nicola nicolas
    nicole nigel nikita nina noah noel noor nora oksana olaf oleg olga oliver olivia omar oscar otto pablo pamela
    paolo patricia patrick paul paula pauline pavel pedro peggy penelope penny peter petra phil philip philipp
    phoebe pierre piotr priya rachel rafael raj rajesh ralph ramon raquel raul ravi ray raymond rebecca reggie reza
    richard rick rita robert roberta roberto robin rodrigo roger roland ron ronald rosa rosalie rosie ross roy rudi
    rupert russell ruth ryan sabine sabrina sally salma sam samantha samira samuel sandra sanjay sara sarah sasha
    scott sean sebastian selena serena sergei sergio seth shane shannon sharon sheila shirley sibylle silvia simon
    simone sofia sonia sophia sophie stan stanley stefan stefanie stella stephanie stephen steve steven stuart sue
    susan susanne susie sven svetlana sylvia tamara tanya tara ted teresa terry tessa theo theresa thomas tim
    timothy tina tobias toby todd tom tomas tommy toni tony tracy trevor tyler uma ursula valentina valeria vanessa
    vera veronica vicky victor victoria viktor vincent virginia vivian vladimir walter wanda wayne wendy wilhelm
    will william willy wolfgang xavier yara yasmin yolanda yuki yusuf yvonne zach zachary zara zoe
    """
)

PLACES = words(
    """
    afghanistan africa alaska albania algeria amsterdam andalusia argentina arizona asia athens atlanta auckland
    australia austria bali bangkok bangladesh barcelona basel bavaria beijing belfast belgium belgrade berlin bilbao
    birmingham bogota bolivia bologna bonn bordeaux boston brazil brisbane bristol britain brooklyn brussels
    bucharest budapest bulgaria california cambodia cambridge cameroon canada cardiff chicago chile china cologne
    colombia colorado copenhagen corsica crete croatia cuba cyprus czechia dallas delhi denmark denver detroit
    dresden dubai dublin ecuador edinburgh egypt england estonia ethiopia europe finland florence florida france
    frankfurt galway geneva genoa georgia germany ghana glasgow granada graz greece guatemala hamburg hanoi hawaii
    heidelberg helsinki honduras hungary iceland india indonesia iran iraq ireland israel istanbul italy jamaica
    japan jerusalem jordan kenya kiev krakow kyiv kyoto lagos laos latvia lebanon leeds leipzig lima lisbon
    lithuania liverpool ljubljana london luxembourg lyon madagascar madrid malaga malaysia malta manchester
    manhattan marrakesh marseille melbourne mexico miami milan minneapolis mongolia montenegro montreal morocco
    moscow mumbai munich myanmar nairobi naples nepal netherlands nevada nicaragua nice nigeria norway nuremberg
    ohio okinawa ontario oregon osaka oslo oxford pakistan palermo panama paraguay paris patagonia peru philadelphia
    philippines phoenix pisa poland porto portland portugal prague provence quebec reykjavik riga rome romania
    rotterdam russia salzburg santiago sapporo sardinia scandinavia scotland seattle seoul serbia seville shanghai
    sheffield siberia sicily singapore slovakia slovenia spain stockholm strasbourg stuttgart sudan sweden
    switzerland sydney syria taipei taiwan tallinn tanzania tasmania tehran texas thailand tokyo toronto toulouse
    tunisia turin turkey tuscany tyrol uganda ukraine uruguay utah utrecht valencia vancouver venezuela venice
    vienna vietnam vilnius wales warsaw washington yorkshire zagreb zambia zimbabwe zurich
    """
)
