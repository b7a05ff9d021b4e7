"""Topics of texts that are not English: nouns as far as articles, capitals or scripts show them, and what both say."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...ports.text_analyser import TextAnalyser
from .folding import folded_word
from .lexicon import words

OTHER_LANGUAGES_SCHEME = 1

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_MARK_OR_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*|[.!?:;\n\"“„»«,(]")
_MIN_CHARS = 3
_MIN_SHARED_CHARS = 5

_DETERMINERS = words(
    """
    el la los las un una unos unas mi mis su sus nuestro nuestra nuestros nuestras del al este esta le les une des mon
    ma mes ton ta tes sa ses notre nos votre vos leur leurs du au aux ce cet cette l d il lo gli i uno mio mia miei mie
    tuo tua nostro nostra della dello dei degli delle dell alla allo nella nel o os as um uma uns umas meu minha meus
    minhas nosso nossa do da dos das no na nas ao der die den dem ein eine einen einem einer eines mein meine meinen
    meinem meiner unser unsere unseren het een mijn onze ons de ett en et min mitt mina vår vårt våra ei
    """
)
"""Articles and possessives of Spanish, French, Italian, Portuguese, German, Dutch and the Scandinavian languages."""

_ADJECTIVES = frozenset(
    folded_word(word)
    for word in words(
        """
        gran grande grandes buen bueno buena buenos buenas mal nuevo nueva nuevos nuevas viejo vieja pequeño pequeña
        mejor primer primera último última otro otra mismo misma próximo próxima petit petite petits petites grand
        grands bon bonne bons bonnes beau belle beaux nouveau nouvelle nouveaux vieux vieille meilleur premier première
        dernier dernière autre même prochain prochaine bello bella belli nuovo nuova nuovi vecchio vecchia piccolo
        piccola primo prima ultimo ultima altro altra stesso stessa prossimo prossima bom boa novo nova velho pequeno
        pequena melhor primeiro primeira outro outra mesmo mesma goed goede mooi mooie leuk leuke nieuw nieuwe oud oude
        groot grote klein kleine eerste laatste andere ny nya nytt gammal gamla stor stora stort liten lilla första
        sista andra god gode nye
        """
    )
)

_GENERIC = frozenset(
    folded_word(word)
    for word in words(
        """
        día días vez veces cosa cosas tiempo año años semana semanas hora horas minuto minutos mes meses gente mundo
        momento verdad favor problema problemas pregunta preguntas idea ideas parte lado forma manera tarde noche
        mañana fin medio caso hecho punto lugar vida persona personas amigo amiga amigos gracias hola lunes martes
        miércoles jueves viernes sábado domingo jour jours journée fois chose choses temps année années ans semaine
        semaines heure heures minute minutes mois gens monde moment vérité problème problèmes question questions idée
        idées partie côté façon manière soir soirée nuit matin cas fait point lieu vie personne personnes ami amie amis
        merci bonjour salut lundi mardi mercredi jeudi vendredi samedi dimanche peu coup plupart giorno giorni volta
        volte cose tempo anno anni settimana settimane ora ore minuti mese mesi mondo verità favore problemi domanda
        domande idee lato modo sera notte mattina fine fatto posto vita persone amico amica amici grazie ciao lunedì
        martedì mercoledì giovedì venerdì sabato domenica dia dias vezes coisa coisas ano anos mês verdade pergunta
        ideia jeito maneira noite manhã fim ponto pessoa pessoas obrigado obrigada olá oi segunda terça quarta quinta
        sexta tag tage tagen zeit jahr jahre jahren sache sachen frage fragen problem probleme ideen woche wochen monat
        monate stunde stunden minuten abend morgen nacht mittag mal male ende anfang teil grund ding dinge art weise
        weg mensch menschen leben spass glück lust hilfe thema beispiel stück freund freunde freundin leute welt
        wochenende danke hallo bitte gruss grüsse montag dienstag mittwoch donnerstag freitag samstag sonntag januar
        februar märz april mai juni juli august september oktober november dezember sinn fall ort seite uhr paar
        bisschen guten herzlichen recht dag dagen tijd jaar jaren week weken uur maand maanden dingen vraag vragen
        probleem deel kant manier avond ochtend einde begin plek leven mens mensen vriend vrienden bedankt maandag
        dinsdag woensdag donderdag vrijdag zaterdag zondag keer weekend gång gånger sak saker tid år vecka timme timmar
        minut månad folk värld fråga del sida sätt kväll natt morgon slut början plats liv människa vän vänner tack hej
        måndag tisdag onsdag torsdag fredag lördag söndag
        """
    )
)

_RUSSIAN_VERB = re.compile("[а-яё]+(?:л[аои]?|лся|лась|лись|ть|ться|[еиуюая]т|ешь|ишь|[еи]м|[еи]те|тся)")
"""How Russian verbs end; the nouns that end so too are lost."""
_HIRAGANA = re.compile("[\u3041-\u3096]")
_JAPANESE_NOUN = re.compile("[\u30a1-\u30fa\u30fc]{2,12}|[\u4e00-\u9fff\u3005]{2,4}")
_JAPANESE_GENERIC = words(
    """
    今日 明日 昨日 今朝 今夜 今晩 今週 来週 先週 今月 来月 先月 今年 来年 去年 毎日 毎朝 毎晩 毎週 最近 時間
    時々 自分 本当 一緒 今回 前回 次回 大丈夫 全部 全然 最初 最後 大変 元気 簡単 大切 必要 問題 質問 一番 一人
    二人 多分 結局 絶対 場合 感じ 気持 方法 理由 意味 日曜日 月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 週末
    午前 午後 有難 何度 何時 以上 以下 昨夜 先日 素敵 大好 コメント ありがとう スゴイ ダメ オススメ
    """
)


def other_topics(user_text: str, bot_text: str, *, analyser: TextAnalyser) -> list[tuple[str, float]]:
    """Labels with their scores, best first, none unsure of being a noun.

    Found are: capitalised words of German, words after an article or a possessive of the languages that have them, runs
    of kanji and katakana in Japanese, and in any language written with spaces the content words that both sides use.
    """
    scores: dict[str, float] = {}
    for text, weight in ((user_text, 1.0), (bot_text, 0.35)):
        if not text:
            continue
        if _HIRAGANA.search(text):
            found: Iterable[str] = (run for run in _JAPANESE_NOUN.findall(text) if run not in _JAPANESE_GENERIC)
        else:
            analysis = analyser.analyse(text=text)
            stop = {token.word for token in analysis.tokens if token.term is None}
            found = _german_nouns(text, stop) if analysis.language == "de" else _after_determiners(text, stop)
        for label in found:
            scores[label] = scores.get(label, 0.0) + (weight if label not in scores else weight / 2)
    if user_text and bot_text:
        for label in _said_by_both(user_text, bot_text, analyser):
            scores[label] = scores.get(label, 0.0) + 0.75
    least = 0.5 if user_text.strip() else 0.3
    ranked = sorted(enumerate(scores.items()), key=lambda item: (-item[1][1], item[0]))
    return [(label, score) for _, (label, score) in ranked if score >= least]


def _is_noun_like(low: str, stop: set[str]) -> bool:
    folded = folded_word(low)
    return len(low) >= _MIN_CHARS and folded not in stop and folded not in _GENERIC and folded not in _ADJECTIVES


def _german_nouns(text: str, stop: set[str]) -> list[str]:
    found = []
    before = "."
    for token in _MARK_OR_WORD.findall(text):
        low = token.lower()
        # At the beginning of a sentence everything is capitalised.
        if token[0].isupper() and (before.isalpha() or before == ",") and _is_noun_like(low, stop):
            found.append(low)
        before = token
    return found


def _after_determiners(text: str, stop: set[str]) -> list[str]:
    found = []
    waiting = False
    for token in _MARK_OR_WORD.findall(text):
        low = token.lower()
        if low in _DETERMINERS:
            waiting = True
        elif waiting and folded_word(low) in _ADJECTIVES:
            continue
        else:
            if waiting and token[0].isalpha() and _is_noun_like(low, stop):
                found.append(low)
            waiting = False
    return found


def _said_by_both(user_text: str, bot_text: str, analyser: TextAnalyser) -> list[str]:
    """The user's long words, as written, whose stem the bot uses too."""
    bot_terms = {token.term for token in analyser.analyse(text=bot_text).tokens if token.term is not None}
    shared = {
        token.word
        for token in analyser.analyse(text=user_text).tokens
        if token.term in bot_terms and len(token.word) >= _MIN_SHARED_CHARS
    }
    found = dict.fromkeys(word.lower() for word in _WORD.findall(user_text))
    return [
        word
        for word in found
        if folded_word(word) in shared and _is_noun_like(word, set()) and not _RUSSIAN_VERB.fullmatch(word)
    ]
