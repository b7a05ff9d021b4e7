"""Singular forms, so that "dogs" and "dog" are one topic."""

from __future__ import annotations

import functools

from .lexicon import words

_IRREGULAR = {
    "children": "child", "people": "people", "mice": "mouse", "geese": "goose", "feet": "foot", "teeth": "tooth",
    "oxen": "ox", "dice": "dice", "lice": "louse", "men": "man", "women": "woman", "wives": "wife", "knives": "knife",
    "lives": "life", "wolves": "wolf", "leaves": "leaf", "loaves": "loaf", "shelves": "shelf", "halves": "half",
    "scarves": "scarf", "calves": "calf", "thieves": "thief", "elves": "elf", "hooves": "hoof", "selves": "self",
    "werewolves": "werewolf", "bookshelves": "bookshelf", "analyses": "analysis", "diagnoses": "diagnosis",
    "crises": "crisis", "theses": "thesis", "hypotheses": "hypothesis", "oases": "oasis", "cacti": "cactus",
    "fungi": "fungus", "buses": "bus", "gases": "gas", "lenses": "lens", "quizzes": "quiz", "axes": "axe",
    "movies": "movie", "cookies": "cookie", "zombies": "zombie", "hoodies": "hoodie", "selfies": "selfie",
    "brownies": "brownie", "smoothies": "smoothie", "veggies": "veggie", "pies": "pie", "ties": "tie", "lies": "lie",
    "calories": "calorie", "rookies": "rookie", "genies": "genie", "bogies": "bogie", "cuties": "cutie",
    "foodies": "foodie", "indies": "indie", "newbies": "newbie", "budgies": "budgie", "collies": "collie",
    "goalies": "goalie", "prairies": "prairie", "series": "series", "species": "species", "rabies": "rabies",
    "shoes": "shoe", "toes": "toe", "canoes": "canoe", "horseshoes": "horseshoe", "oboes": "oboe", "hoes": "hoe",
    "caches": "cache", "aches": "ache", "headaches": "headache", "avalanches": "avalanche", "moustaches": "moustache",
    "mustaches": "mustache", "niches": "niche", "quiches": "quiche", "brioches": "brioche", "psyches": "psyche",
    "stomachs": "stomach", "comics": "comic", "topics": "topic", "clinics": "clinic", "critics": "critic",
    "mechanics": "mechanic", "fabrics": "fabric", "picnics": "picnic", "antics": "antic", "relics": "relic",
    "vaccines": "vaccine", "photos": "photo", "pianos": "piano", "tacos": "taco", "kimonos": "kimono",
    "viruses": "virus", "bonuses": "bonus", "campuses": "campus", "octopuses": "octopus", "circuses": "circus",
    "crocuses": "crocus", "walruses": "walrus", "menus": "menu", "emus": "emu", "gnus": "gnu", "tofus": "tofu",
    "skis": "ski", "taxis": "taxi", "bikinis": "bikini", "safaris": "safari", "kiwis": "kiwi", "zucchinis": "zucchini",
    "paparazzi": "paparazzi", "alibis": "alibi", "graffitis": "graffiti", "maximums": "maximum", "sudokus": "sudoku",
    "haikus": "haiku", "gurus": "guru", "ragùs": "ragù", "tattoos": "tattoo",
}  # fmt: skip

_SAME = words(
    """
    news jeans pants trousers shorts glasses sunglasses binoculars scissors headphones earphones earbuds pyjamas
    pajamas leggings tights clothes groceries thanks chess tennis yoga pilates legos sports arts crafts dominoes
    darts billiards christmas lens gas bus bias atlas canvas cosmos chaos pathos asparagus hummus couscous citrus
    cactus octopus campus virus bonus status focus circus lotus crocus eucalyptus hibiscus diabetes herpes measles
    series species always james texas kansas paris wales athens brussels naples minneapolis los angeles bahamas
    philippines netherlands alps himalayas andes pyrenees olympics paralympics gymnastics athletics acrobatics
    aerobics pythagoras jesus zeus vegas dallas arkansas honduras cyprus venus mars uranus pancreas lupus tetanus
    walrus radius genius mess boss ross bass glass grass moss haas headquarters crossroads barracks gallows innards
    outskirts savings earnings surroundings belongings kudos rhinoceros asbestos albatross pegasus minus plus versus
    lass mass pass ass windows starbucks mcdonalds adidas lexus prius asus airbus ibis iris pelvis basis thesis
    crisis oasis analysis diagnosis hypothesis genesis nemesis paralysis psoriasis arthritis sepsis chassis debris
    hers yours trans overseas aids rawls yes this his its us is was has does goes less unless across gravitas pampas
    alias
    """
)
"""Words in -s that are no plurals, or are not said in the singular."""


@functools.lru_cache(maxsize=16_384)
def singular(word: str) -> str:
    """The singular of an English noun in lower case; a word that is no plural comes back unchanged."""
    known = _IRREGULAR.get(word)
    if known is not None:
        return known
    if len(word) < 4 or word[-1] != "s":
        if word.endswith("women"):
            return word[:-2] + "an"
        if word.endswith(("smen", "fmen", "wmen", "icemen", "remen")):
            return word[:-2] + "an"
        return word
    if word in _SAME or word.endswith(("ss", "us", "is", "ics", "'s")):
        return word
    if "-" in word:
        head, _, last = word.rpartition("-")
        return f"{head}-{singular(last)}" if head and last else word
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    if word.endswith(("ches", "shes", "sses", "xes", "zzes")):
        return word[:-2]
    if word.endswith("oes"):
        return word[:-2]
    return word[:-1]
