"""What happens to names on their way: seeded slips, and fictional names to make them in."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

GIVEN = (
    "Adela Anton Bekzat Bertil Carmela Cyrill Davor Delphine Edgar Emina Farhod Florina Gavriil Gisela Hakon Hamdiya Ilmari"
    " Inga Jamshid Jolanta Kamran Katarzyna Leandro Liselotte Mahmoud Marzena Nadezhda Norbert Olaf Oksana Parviz Philippa"
    " Rashid Rosalind Sergio Svetlana Tahir Theodora Ulugbek Ursula Valentin Veronika Wassim Wilhelmina Xaver Yaroslav"
    " Yolanda Zbigniew Zainab Zoltan"
).split()
FAMILY = (
    "Abrahamsen Almeida Bakirov Baumgarten Castellanos Czerwinski Dragomir Dumitrescu Eriksdotter Esfandiari Feldkirchner"
    " Fontainebleau Galstyan Grunewald Haraldsson Hovhannes Iglesiani Iwanicki Jankovic Jurgenson Kaczorowski Karimova"
    " Lindqvist Lombardini Mahdavikia Montenegrin Nasrullah Nystrom Oberhauser Oleksenko Pellegrino Przybylski Quintanilla"
    " Qorbani Radoslavov Rosenkranz Salahuddin Schwarzwald Tavakoli Thorvaldsen Ulmanis Uzbekov Vandenberg Vasilenko"
    " Weatherby Wisniewska Xenakis Yildirimov Yamashiro Zubkovsky"
).split()
TRADE = "Shipping Trading Holdings Minerals Logistics Petroleum Aviation Textiles Agro Maritime".split()
FORM = "Ltd GmbH LLC SA FZE OOO BV Inc AG Plc".split()


def person(random: Random) -> str:
    """As lists print it: `FAMILY, Given Given`."""
    given = random.sample(GIVEN, random.choice((1, 1, 2)))
    return f"{random.choice(FAMILY).upper()}, {' '.join(given)}"


def company(random: Random) -> str:
    one, other = random.sample(FAMILY, 2)
    return f"{one} {other[:6]} {random.choice(TRADE)} {random.choice(FORM)}".upper()


def fictional(count: int, seed: int) -> list[str]:
    random = Random(seed)
    return sorted({random.choice((person, person, company))(random) for _ in range(count)})


def slip(word: str, random: Random) -> str:
    """One letter wrong, missing, too many, or two exchanged."""
    at = random.randrange(len(word) - 1)
    letter = random.choice("abcdefghijklmnopqrstuvwxyz")
    return random.choice(
        (
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )
    )


def slipped(name: str, random: Random) -> str:
    """One slip in a word of four letters or more."""
    parts = name.split()
    long = [place for place, part in enumerate(parts) if sum(map(str.isalpha, part)) > 3 and part.isalpha()]
    if long:
        place = random.choice(long)
        parts[place] = slip(parts[place], random)
    return " ".join(parts)


def turned(name: str, random: Random) -> str:
    """Another order."""
    parts = name.replace(",", " ").split()
    random.shuffle(parts)
    return " ".join(parts)


def accented(name: str, random: Random) -> str:
    return name.lower().translate(str.maketrans("aeiouncsz", random.choice(("áèîöüñçšž", "àéïóûňćşź"))))


def formed(name: str, random: Random) -> str:
    """Another legal form or a title."""
    return random.choice((f"Mr {name}", f"{name} {random.choice(FORM)}", f"Dr. {name}"))


def joined(name: str, random: Random) -> str:
    """Two neighbouring words written as one."""
    parts = name.replace(",", " ").split()
    if len(parts) < 2:
        return name
    at = random.randrange(len(parts) - 1)
    return " ".join((*parts[:at], parts[at] + parts[at + 1], *parts[at + 2 :]))


WAYS: tuple[Callable[[str, Random], str], ...] = (slipped, turned, accented, formed, joined)
