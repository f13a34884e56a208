"""Names and numbers in each other's place, or in that of another; all pairs were written by hand."""

import pytest

from ragstack.checking.words.exchanges import exchanged, swapped

PORT = "The port of Lyon sold 14 boats to Ghent in 1931, when Perrin was mayor."


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Ghent defeated Lyon.", "Lyon defeated Ghent."),
        ("Marsh was beaten by Perrin in May.", "Perrin was beaten by Marsh in May."),
        ("The port of Ghent sold 14 boats to Lyon in 1931.", PORT),
        ("Perrin taught Ada Marsh to sail.", "In 1931 Ada Marsh taught Perrin to sail."),
        ("He moved from Ghent to Lyon in May.", "He moved from Lyon to Ghent in May."),
        ("Lyon has a mill, while Ghent has a port.", "Ghent has a mill, while Lyon has a port."),
        (
            "Tickets cost 7 euros for adults and 14 for children.",
            "Tickets cost 14 euros for adults and 7 for children.",
        ),
        ("It rose from 5% in May to 3% in June.", "It rose from 3% in May to 5% in June."),
        ("Ghent is larger than Lyon.", "Lyon is larger than Ghent."),
        ("Perrin's teacher was Marsh.", "Marsh's teacher was Perrin."),
        ("The Kestrel replaced the Falcon in service.", "The Falcon replaced the Kestrel in service."),
        ("Ghent and Lyon have 3 and 5 mills, respectively.", "Lyon and Ghent have 3 and 5 mills, respectively."),
        ("上海队击败了北京队。", "北京队击败了上海队。"),
        ("法国向德国出口小麦。", "1931年，德国向法国出口小麦。"),
        ("《白鲸》改编自《海狼》。", "《海狼》改编自《白鲸》。"),
        ("成人票价7元，儿童票价14元。", "成人票价14元，儿童票价7元。"),
        ("上海的人口比北京多。", "北京的人口比上海多。"),
        ("德国被法国打败。", "法国被德国打败。"),
    ],
)
def test_two_in_each_others_place_are_seen(claim: str, source: str) -> None:
    assert swapped(claim, source)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Ghent was defeated by Lyon.", "Lyon defeated Ghent."),
        ("Lyon defeated Ghent.", "Ghent was defeated by Lyon."),
        ("Ghent and Lyon have mills.", "Lyon and Ghent have mills."),
        ("Ghent, Bruges and Lyon have mills.", "Lyon, Bruges and Ghent have mills."),
        ("Marsh married Perrin in 1931.", "Perrin married Marsh in 1931."),
        ("Marsh met Perrin in 1931.", "Perrin met Marsh in 1931."),
        ("Marsh signed a treaty with Perrin.", "Perrin signed a treaty with Marsh."),
        ("Ghent borders Lyon.", "Lyon borders Ghent."),
        ("The road from Ghent to Lyon is 9 km long.", "The road from Lyon to Ghent is 9 km long."),
        ("It lies halfway between Ghent and Lyon.", "It lies halfway between Lyon and Ghent."),
        ("Clemens was Twain.", "Twain was Clemens."),
        ("The WHO (World Health Organization) said so.", "The World Health Organization (WHO) said so."),
        ("The mayor of Ghent and the mayor of Lyon spoke.", "The mayor of Lyon and the mayor of Ghent spoke."),
        ("Ghent, like Lyon, has a port.", "Lyon, like Ghent, has a port."),
        ("Paris is the capital of France.", "The capital of France is Paris."),
        ("It opened on 2021 May 3.", "It opened on 3 May 2021."),
        ("The room is 4 by 3 m.", "The room is 3 by 4 m."),
        ("Marsh's brother Perrin sails.", "Perrin's brother Marsh sails."),
        ("In 1990 and in 1931 it burnt.", "In 1931 and in 1990 it burnt."),
        ("Marsh and Perrin live in Lyon and Ghent.", "Perrin and Marsh live in Ghent and Lyon."),
        ("Ghent and Lyon have 3 and 5 mills, respectively.", "Lyon and Ghent have 5 and 3 mills, respectively."),
        ("Ghent and Lyon followed Marsh and Perrin.", "Ghent and Lyon followed Perrin and Marsh, respectively."),
        ("Ghent is as old as Lyon.", "Lyon is as old as Ghent."),
        ("Lyon lost to Ghent, which won 3 cups.", "Ghent, which won 3 cups, beat Lyon."),
        ("When Ghent fell, Lyon fell.", "When Lyon fell, Ghent fell."),
        ("北京队被上海队击败。", "上海队击败了北京队。"),
        ("德国和法国都出口小麦。", "法国和德国都出口小麦。"),
        ("德国、英国和法国都出口小麦。", "法国、英国和德国都出口小麦。"),
        ("德国与法国接壤。", "法国与德国接壤。"),
        ("德国在1931年与法国签署条约。", "法国在1931年与德国签署条约。"),
        ("上海到北京的距离是1200公里。", "北京到上海的距离是1200公里。"),
        ("德国的总理和法国的总理都到了。", "法国的总理和德国的总理都到了。"),
        ("德国同法国一样出口小麦。", "法国同德国一样出口小麦。"),
        ("In May Marsh taught Perrin.", "Perrin taught Marsh in March, and Marsh taught Perrin in May."),
        ("Marsh taught Perrin at home.", "At home Marsh taught Perrin, and Perrin taught Marsh."),
    ],
)
def test_true_rewordings_are_no_swap(claim: str, source: str) -> None:
    assert not swapped(claim, source)


def test_names_that_stand_twice_tell_nothing() -> None:
    assert not swapped("Ghent beat Lyon.", "Some say that Lyon beat Ghent, but Ghent beat Lyon.")


@pytest.mark.parametrize(
    ("claim", "source", "other"),
    [
        ("The port of Bruges sold 14 boats to Ghent in 1931.", PORT, "The mills of Bruges burnt."),
        ("The port of Lyon sold 14 boats to Ghent in 1931, when Marsh was mayor.", PORT, "In May Marsh spoke."),
        ("The Normans built the mill of Ghent in May.", "The Danes built the mill of Ghent in May.",
         "Later the Normans and their king came."),
        ("1931年，英国向法国出口小麦。", "1931年，德国向法国出口小麦。", "英国的港口很大。"),
    ],
)  # fmt: skip
def test_a_name_of_another_sentence_in_the_place_of_a_name_is_seen(claim: str, source: str, other: str) -> None:
    assert exchanged(claim, source, [source, other], "")


@pytest.mark.parametrize(
    ("claim", "source", "other", "question"),
    [
        ("Ada was born in Lyon in 1931.", "Perrin was born in Lyon in 1931.", "Ada Perrin sailed.", ""),
        ("In May Ada sold 14 boats.", "In May Perrin sold 14 boats.", "Tea was drunk.", "What did Ada sell?"),
        ("In May Ada sold 14 boats.", "In May he sold 14 boats.", "Ada was there.", ""),
        ("The ship sailed to China in May.", "The ship sailed to Chinese ports in May.", "In China it rained.", ""),
        ("He fled to California in May.", "He fled to Oakland in May.", "Oakland, California, is a port.", ""),
        ("The small Falcon weighs 2 kg.", "The small Kestrel weighs 2 kg.", "The Falcon weighs the same.", ""),
        ("The rules of the WHO changed in May.", "The rules of the World Health Organization changed in May.",
         "It met at WHO in June.", ""),
        ("Ada Marsh said so in May.", "The President said so in May.", "Ada Marsh was elected in 1931.", ""),
        ("In May the mayor of Lyon sold boats.", "In May Perrin sold boats.", "In Lyon it rained.", ""),
        ("1931年，英国向法国出口小麦。", "1931年，德国向法国出口小麦。", "英国同样出口小麦。", ""),
    ],
)  # fmt: skip
def test_another_name_for_the_same_is_no_exchange(claim: str, source: str, other: str, question: str) -> None:
    assert not exchanged(claim, source, [source, other], question)
