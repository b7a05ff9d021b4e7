"""Words and phrases that show what a message wants: English and what is most common in other European languages."""

from __future__ import annotations

import re


def _phrases(text: str) -> re.Pattern[str]:
    """Matches any of the phrases, which commas separate, as whole words."""
    phrases = sorted(
        {" ".join(phrase.split()) for phrase in text.split(",")}, key=lambda phrase: (-len(phrase), phrase)
    )
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, phrases)) + r")(?!\w)")


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")

GREETINGS = _listed(
    """
    hi hii hiii hey heya heyy hello hallo hullo hiya howdy yo sup greetings morning gm goodmorning evening afternoon
    bye goodbye byebye cya goodnight gn night farewell moin servus tschüss tschüs guten hola buenas buenos salut
    bonjour bonsoir coucou ciao buongiorno buonasera salve olá oi bom boa hoi hej hejsan hei moi terve cześć hejka
    привет здравствуйте γεια merhaba selam ahoj szia שלום مرحبا こんにちは おはよう こんばんは 你好 您好
    안녕하세요 안녕 नमस्ते
    """
)
GREETING_COMPANY = _listed(
    """
    there how's all everyone everybody guys folks again good day to you how are things going doing what's up whats
    is it's and friend buddy dude man mate bot my dear old lovely nice see later soon tomorrow ya have a great one
    weekend sleep well tag morgen abend nacht días dias tardes noches dia tarde noite wie geht's gehts dir es
    zusammen qué tal que tudo bem come stai va ça comment hur mår du hoe gaat het today been u r
    """
)
ACKNOWLEDGEMENTS = _listed(
    """
    thanks thank thx thanx ty tysm cheers ok okay okey k kk alright alrighty sure fine yes yeah yep yup ya no nope
    nah right exactly great perfect cool nice awesome sweet lovely wonderful amazing brilliant excellent fantastic
    neat super gotcha understood noted agreed true indeed absolutely definitely certainly lol haha hahaha lmao wow
    aha ah oh hmm hm mhm danke gut alles klar genau ja nein stimmt verstanden gracias vale sí si claro perfecto
    entendido merci oui non d'accord parfait bien compris grazie sì va bene perfetto capito obrigado obrigada sim
    não certo bedankt dank tack tak takk kiitos dzięki dziękuję спасибо да хорошо ευχαριστώ teşekkürler תודה شكرا
    ありがとう はい 谢谢 好的 고마워 감사합니다 네
    """
)
ACKNOWLEDGEMENT_COMPANY = _listed(
    """
    you so much very a lot for that the help it got i see makes sense will do sounds good that's is all really again
    and man mate dude buddy your too this of course problem worries no my dear appreciate well then now great know u
    to hear vielen dank dir schön sehr viel mir das muchas muchísimas todo beaucoup bien mille molto tante muito wel
    heel erg så mycket was been you've helpful helped guess idea one point fair
    """
)

ASKS_HELP = _phrases(
    """
    help me, help us, can you help, could you help, need help, need some help, need your help, need advice,
    need some advice, any advice, any tips, any suggestions, any recommendations, any recs, any ideas, can you,
    could you, would you, will you please, can u, could u, please explain, please tell me, please show, please write,
    please give, please make, show me, teach me, walk me through, explain how, explain to me, give me, recommend me,
    suggest, how do i, how can i, how should i, how do you, how do we, how can we, how to, what should i do,
    what can i do, what do i do, remind me, kannst du, könntest du, können sie, könnten sie, hilf mir, brauche hilfe,
    hilfe bei, wie kann ich, wie mache ich, puedes, podrías, puede usted, ayúdame, ayuda con, necesito ayuda,
    cómo puedo, cómo hago, peux-tu, pourrais-tu, pouvez-vous, pourriez-vous, aide-moi, aidez-moi, besoin d'aide,
    comment faire, comment puis-je, comment je peux, puoi, potresti, aiutami, ho bisogno di aiuto, come posso,
    come faccio, você pode, pode me, podes, me ajuda, preciso de ajuda, como posso, como faço, kun je, kunt u,
    help mij, hulp nodig, hoe kan ik, kan du, hjälp mig, hjælp mig, pomóż mi, możesz, помоги, можешь
    """
)

REPORTS_PROBLEM = _phrases(
    """
    doesn't work, does not work, don't work, doesnt work, didn't work, isn't working, is not working, not working,
    isnt working, stopped working, won't start, wont start, won't open, won't load, won't turn on, won't connect,
    can't connect, can't log in, cannot log in, can't login, keeps crashing, keeps failing, keeps losing,
    keeps freezing, keeps stopping, keeps breaking, keeps disconnecting, keeps getting, crashed, crashes, crashing,
    is broken, it's broken, its broken, broke down, broken again, broke this, is down, is stuck, am stuck, i'm stuck,
    im stuck, got stuck, an error, error message, errors out, throws an error, fails with, failed with, went wrong,
    goes wrong, something's wrong, something is wrong, there's a problem, there is a problem, have a problem,
    having a problem, having trouble, having issues, have an issue, having problems, there's a bug, found a bug,
    is leaking, leaks, glitching, frozen up, no longer works, funktioniert nicht, geht nicht, klappt nicht,
    ist kaputt, kaputt, fehlermeldung, ein problem mit, no funciona, no me funciona, está roto, se rompió,
    tengo un problema, da error, ne marche pas, ne fonctionne pas, marche plus, ne marche plus, est cassé, en panne,
    j'ai un problème, j'ai un souci, non funziona, è rotto, si è rotto, ho un problema, não funciona, está quebrado,
    quebrou, tenho um problema, werkt niet, doet het niet, is kapot, fungerar inte, virker ikke, nie działa,
    не работает, сломался
    """
)

STATES_OPINION = _phrases(
    """
    i think, i don't think, i dont think, i believe, i feel like, i feel that, i reckon, i guess, i suppose,
    i find it, i prefer, i'd rather, in my opinion, in my view, in my book, imo, imho, if you ask me, personally,
    to be honest, tbh, honestly, i love, i like, i hate, i dislike, i can't stand, i don't like, i dont like, i agree,
    i disagree, is overrated, is underrated, the best, the worst, is better than, is worse than, so much better,
    way better, should be, shouldn't be, ich finde, ich glaube, ich denke, ich mag, ich liebe, ich hasse,
    meiner meinung nach, meiner ansicht nach, creo que, pienso que, me parece, en mi opinión, me gusta, me encanta,
    odio, je pense, je crois, je trouve, à mon avis, selon moi, j'aime, j'adore, je déteste, penso che, credo che,
    secondo me, mi piace, mi sembra, acho que, na minha opinião, eu gosto, eu adoro, ik vind, ik denk, volgens mij,
    jag tycker, jag tror, jeg synes, uważam, moim zdaniem, я думаю, по-моему, мне кажется
    """
)
AGREES_ONLY = re.compile(r"^i (?:think|guess|suppose|believe) so\b")

QUESTION_STARTS = _listed(
    """
    what what's whats who who's whose whom when where where's why how how's which is are am was were do does did can
    could would will should shall may has have had isn't aren't wasn't don't doesn't didn't can't couldn't wouldn't
    won't shouldn't haven't hasn't any anyone anybody wie wer wann wo warum wieso weshalb welche welcher welches wen
    wem woher wohin ist sind hast habt kann soll qué quién quiénes cuándo dónde cómo cuál cuáles cuánto cuánta
    cuántos quand où comment pourquoi quel quelle quels quelles combien est-ce qui che chi dove quando perché come
    quale quanto quem onde porque qual quais wat waar waarom hoe welke wanneer vad vem var varför hur när hva hvem
    hvor hvorfor hvordan hvad hvornår mitä mikä kuka missä miksi miten milloin co kto gdzie kiedy dlaczego jak czy
    что кто где когда почему как какой зачем τι ποιος πού πότε γιατί πώς
    """
)
STATEMENT_ENGLISH = _listed(
    "when was where how what can will may is are have had do did who which any come var jak co chi"
)
"""Of those, words that begin statements as well: without a question mark only a short message is a question."""
ASKS_INDIRECTLY = _phrases(
    """
    por qué, por que, i wonder, i was wondering, wondering if, do you know, do you remember, tell me about,
    tell me what,
    tell me how,
    want to know, wanted to ask, i'd like to know, weißt du, sabes, tu sais, savez-vous, sai se
    """
)
CJK_QUESTION = re.compile(
    r"[吗呢]\s*$|[かの]\s*[。]?\s*$|什么|怎么|为什么|哪里|谁|何(?!度も)|どこ|いつ|なぜ|どうして|무엇|어디|왜|언제"
)
CJK_HELP = re.compile("帮我|请教|教えて|手伝って|助けて|도와")
CJK_PROBLEM = re.compile("坏了|出错|不能用|壊れ|動かない|エラー|고장")
CJK_OPINION = re.compile("我觉得|我认为|と思います|と思う|好きです|생각해")
