"""Every entity type of presidio can be named and finds a valid example; thresholds of single types."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aigc_eval.errors import UsageError
from aigc_eval.plugin import ModelRef
from aigc_eval.records import Prompt, Request, Score
from aigc_eval.scorers.pii import DEFAULT_ENTITIES, Pii
from aigc_eval.scorers.pii.detector import detector, known_entities
from aigc_eval.scorers.pii.ner import NER_ENTITIES
from aigc_eval.scorers.pii.presidio import known
from aigc_eval.scorers.pii.western import western

EXAMPLES: dict[str, tuple[str, str]] = {
    "ABA_ROUTING_NUMBER": ("ABA routing number {}", "121000358"),
    "AU_ABN": ("its ABN is {}", "51 824 753 556"),
    "AU_ACN": ("Australian company number {}", "005 499 981"),
    "AU_MEDICARE": ("medicare card {}", "2123 45670 1"),
    "AU_TFN": ("tax file number {}", "876 543 210"),
    "CA_POSTAL_CODE": ("postal code {}", "K1A 0B1"),
    "CA_SIN": ("social insurance number {}", "130 692 544"),
    "CREDIT_CARD": ("card {}", "4532 0151 1283 0366"),
    "CRYPTO": ("wallet {}", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
    "DATE_TIME": ("born on {}.", "2023-01-15"),
    "DE_BSNR": ("Betriebsstättennummer {}", "021234568"),
    "DE_FUEHRERSCHEIN": ("Führerschein Nr. {}", "BO12345678K"),
    "DE_HANDELSREGISTER": ("Amtsgericht München, {}", "HRB 12345"),
    "DE_HEALTH_INSURANCE": ("Versichertennummer {}", "A123456780"),
    "DE_ID_CARD": ("Personalausweis {}", "L01X00T44"),
    "DE_KFZ": ("Kennzeichen {}", "B-AB 1234"),
    "DE_LANR": ("Arztnummer {}", "123456601"),
    "DE_PASSPORT": ("Reisepass {}", "C01X00T41"),
    "DE_PLZ": ("Postleitzahl {} Berlin", "10115"),
    "DE_SOCIAL_SECURITY": ("Rentenversicherungsnummer {}", "65170839J003"),
    "DE_TAX_ID": ("Steuer-ID {}", "86095742719"),
    "DE_TAX_NUMBER": ("Steuernummer {}", "181/815/08155"),
    "DE_VAT_ID": ("USt-IdNr. {}", "DE136695976"),
    "EMAIL_ADDRESS": ("write to {}", "amy.lee@acme.co.uk"),
    "ES_NIE": ("su NIE: {}", "X1234567L"),
    "ES_NIF": ("su DNI: {}", "12345678Z"),
    "ES_PASSPORT": ("pasaporte {}", "AAA123456"),
    "FI_PERSONAL_IDENTITY_CODE": ("henkilötunnus {}", "131052-308T"),
    "IBAN_CODE": ("IBAN {}", "GB29NWBK60161331926819"),
    "IN_AADHAAR": ("aadhaar {}", "3123 4567 8909"),
    "IN_GSTIN": ("GSTIN {}", "27AAPFU0939F1ZV"),
    "IN_PAN": ("PAN {}", "AAPFU0939F"),
    "IN_PASSPORT": ("Indian passport {}", "A3456781"),
    "IN_VEHICLE_REGISTRATION": ("vehicle {}", "KA53ME3456"),
    "IN_VOTER": ("voter id {}", "KSD1287349"),
    "IP_ADDRESS": ("host {}", "39.156.66.10"),
    "IT_DRIVER_LICENSE": ("patente {}", "AA0123456B"),
    "IT_FISCAL_CODE": ("codice fiscale {}", "RSSMRA85T10A562S"),
    "IT_IDENTITY_CARD": ("carta d'identità {}", "AA1234567"),
    "IT_PASSPORT": ("passaporto {}", "AA1234567"),
    "IT_VAT_CODE": ("partita IVA {}", "01333550323"),
    "KR_BRN": ("사업자등록번호 {}", "120-81-47521"),
    "KR_DRIVER_LICENSE": ("운전면허 {}", "11-12-345678-90"),
    "KR_FRN": ("외국인등록번호 {}", "960121-5555551"),
    "KR_PASSPORT": ("여권 {}", "M12345678"),
    "KR_RRN": ("Korean RRN {}", "960121-1234567"),
    "MAC_ADDRESS": ("mac {}", "00:1a:2b:3c:4d:5e"),
    "MEDICAL_LICENSE": ("DEA {}", "BB1388568"),
    "NG_NIN": ("NIN {}", "12345678902"),
    "NG_VEHICLE_REGISTRATION": ("plate number {}", "ABC-123DE"),
    "PHONE_NUMBER": ("call {}", "(415) 736-2671"),
    "PH_PASSPORT": ("passport {}", "P1234567A"),
    "PH_TIN": ("TIN {}", "123-456-782"),
    "PH_UMID": ("UMID {}", "0111-1234567-8"),
    "PL_PESEL": ("PESEL {}", "44051401359"),
    "SE_ORGANISATIONSNUMMER": ("organisationsnummer {}", "556703-7485"),
    "SE_PERSONNUMMER": ("personnummer {}", "811218-9876"),
    "SG_NRIC_FIN": ("NRIC {}", "G1122144L"),
    "SG_UEN": ("UEN {}", "53125226D"),
    "TH_TNIN": ("Thai National ID {}", "1101700230708"),
    "TR_LICENSE_PLATE": ("plaka {}", "34 ABC 123"),
    "TR_NATIONAL_ID": ("TC kimlik {}", "10000000146"),
    "UK_DRIVING_LICENCE": ("driving licence {}", "MORGA657054SM9IJ"),
    "UK_NHS": ("NHS number {}", "943 476 5919"),
    "UK_NINO": ("national insurance {}", "AB123456C"),
    "UK_PASSPORT": ("passport {}", "AB1234567"),
    "UK_POSTCODE": ("postcode {}", "SW1A 1AA"),
    "UK_VEHICLE_REGISTRATION": ("vehicle {}", "AB51 ABC"),
    "URL": ("see {} now", "https://acme.io/x"),
    "US_BANK_NUMBER": ("bank account {}", "945456787654"),
    "US_CLAIM_NUMBER": ("claim number {}", "CLM-12345678"),
    "US_DRIVER_LICENSE": ("driver license {}", "H12234567"),
    "US_HEALTH_INSURANCE_MEMBER_ID": ("insurance member {}", "ABC123456789"),
    "US_ITIN": ("ITIN {}", "911-70-1234"),
    "US_MBI": ("medicare MBI {}", "1EG4-TE5-MK73"),
    "US_NPI": ("NPI {}", "1234567893"),
    "US_PASSPORT": ("passport number {}", "536228726"),
    "US_PRESCRIPTION_NUMBER": ("Rx # {}", "1234567"),
    "US_PRIOR_AUTHORIZATION_NUMBER": ("prior authorization number {}", "123456789"),
    "US_PROVIDER_TAX_ID": ("billing provider tax id {}", "12-3456789"),
    "US_REFERRAL_NUMBER": ("referral number {}", "1234567"),
    "US_SSN": ("SSN {}", "536-22-8726"),
    "UUID": ("uuid {}", "123e4567-e89b-12d3-a456-426614174000"),
    "ZA_COMPANY_REGISTRATION": ("company registration {}", "2015/123456/07"),
    "ZA_DRIVER_LICENSE": ("driving licence {}", "40270001AB"),
    "ZA_ID_NUMBER": ("identity number {}", "8001015009087"),
    "ZA_INCOME_TAX_NUMBER": ("income tax number {}", "0001339050"),
    "ZA_LICENSE_PLATE": ("number plate {}", "BB12CDGP"),
    "ZA_MOBILE_NUMBER": ("phone {}", "082 123 4567"),
    "ZA_PASSPORT": ("passport {}", "A12345678"),
    "ZA_TELEPHONE_NUMBER": ("telephone {}", "021 123 4567"),
    "ZA_TRAFFIC_REGISTER_NUMBER": ("traffic register number {}", "8001015009088"),
    "ZA_VAT_NUMBER": ("VAT number {}", "4840123457"),
}
"""A context and a value with the right check digits, for each recogniser of presidio 2.2.366 that needs no model."""


def score(text: str, scorer: Pii) -> Score:
    return scorer.score([Request(Prompt("p", "?")).answer(text)])[0]


def labels(found: Score) -> list[str]:
    return [s.label for s in found.spans]


@pytest.mark.parametrize("entity", sorted(EXAMPLES))
def test_each_entity_of_presidio_finds_a_valid_example_at_the_usual_threshold(entity: str) -> None:
    frame, value = EXAMPLES[entity]
    text = frame.format(value)
    found = detector((entity,), 0.5, "").find(text)
    assert [(f.entity, text[f.start : f.end]) for f in found] == [(entity, value)]


# Their expressions begin with the English words and the marks that may stand between words and number.
_PHRASES = {"US_PRESCRIPTION_NUMBER", "US_PRIOR_AUTHORIZATION_NUMBER", "US_REFERRAL_NUMBER"}


@pytest.mark.parametrize("entity", sorted(EXAMPLES.keys() - _PHRASES))
def test_each_entity_is_found_in_flush_chinese(entity: str) -> None:
    """Presidio's expressions end in \\b, which is no border between a Hanzi and a digit: alone, they find none."""
    frame, value = EXAMPLES[entity]
    text = f"他的{frame.partition('{')[0].strip()}是{value}请查收"
    found = detector((entity,), 0.5, "").find(text)
    assert [(f.entity, text[f.start : f.end]) for f in found] == [(entity, value)]


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("他的NHS号是943 476 5919", "UK_NHS"), ("我的TIN为912701234", "US_ITIN"), ("他的SSN：536228726", "US_SSN"),
        ("公司tel是030 901820哦", "PHONE_NUMBER"), ("传到fax号02 9876 5432", "PHONE_NUMBER"),
        ("他的ID是A123456(3)", "HK_IDENTITY_CARD"), ("他的BIR为1234567(8)", "MO_IDENTITY_CARD"),
        ("我的pwd：Abc123!xy", "SECRET_PASSWORD"),
    ],
)  # fmt: skip
def test_english_context_words_count_beside_hanzi(text: str, entity: str) -> None:
    assert labels(score(text, Pii())) == [entity]


def test_a_version_beside_hanzi_is_no_address() -> None:
    assert labels(score("请升级到v1.20.33.4再试", Pii())) == []


def test_context_is_a_window_of_characters_in_both_languages() -> None:
    """Presidio looks five words back: without spaces that is the whole text, and none with one space a character."""
    for word, filler in (("护照", "的"), ("passport", " a")):
        near, far = (f"{word}{filler * (n // len(filler))}E12345678" for n in (20, 60))
        assert labels(score(near.replace("aE", "a E"), Pii())) == ["CN_PASSPORT"]
        assert labels(score(far.replace("aE", "a E"), Pii())) == []


def test_the_table_names_every_recogniser_without_a_model() -> None:
    assert EXAMPLES.keys() == known()
    assert set(known_entities()) == known() | NER_ENTITIES | set(DEFAULT_ENTITIES) | {"CN_POSTAL_CODE"}


@pytest.mark.slow
def test_no_recogniser_of_the_package_is_missing() -> None:
    code = """
import inspect, json, warnings
warnings.simplefilter("ignore")
from presidio_analyzer import EntityRecognizer, predefined_recognizers as p
from presidio_analyzer.predefined_recognizers.ner.medical_ner_recognizer import MedicalNERRecognizer
found = set()
for kind in vars(p).values():
    if inspect.isclass(kind) and issubclass(kind, EntityRecognizer):
        if any(word in kind.__name__ for word in ("LangExtract", "Azure", "GLiNER", "HuggingFaceNer", "MedicalNER")):
            continue  # services, and models to be downloaded
        try:
            found |= set(kind().supported_entities)
        except TypeError:
            pass  # abstract: wants an entity
print(json.dumps(sorted(found | set(MedicalNERRecognizer.ENTITIES))))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    theirs = set(json.loads(done.stdout))
    assert len(theirs) > 90
    assert theirs <= set(known_entities())


@pytest.mark.parametrize("entity", sorted(NER_ENTITIES))
def test_what_needs_a_model_says_so(entity: str) -> None:
    with pytest.raises(UsageError, match=f"{entity} needs a model for names: set `ner`"):
        Pii(entities=(entity,)).load()


def test_context_lifts_what_is_only_a_form() -> None:
    for entity, text in (("DE_PLZ", "{} Postleitzahl 10115"), ("US_BANK_NUMBER", "{} account 945456787654")):
        assert detector((entity,), 0.5, "").find(text.format(""))
        bare = text.rpartition(" ")[2]
        assert not detector((entity,), 0.5, "").find(f"There were {bare} of them")
        assert detector((entity,), 0.05, "").find(f"There were {bare} of them")


def test_presidios_context_words_are_whole_or_begin_a_word() -> None:
    words = western(frozenset({"IN_PAN"}))["IN_PAN"].words  # type: ignore[union-attr]
    assert words is not None
    assert words.search("his PAN: x")
    assert not words.search("Japan and expanding pans")


def test_thresholds_of_single_types() -> None:
    text = "E12345678 and 13812345678"  # a passport without a word that names it scores 0.4, a bare mobile 0.6
    assert labels(score(text, Pii())) == ["CN_MOBILE"]
    assert labels(score(text, Pii(thresholds={"CN_PASSPORT": 0.4}))) == ["CN_PASSPORT", "CN_MOBILE"]
    assert labels(score(text, Pii(thresholds={"CN_MOBILE": 0.7}))) == []
    assert labels(score("电话13812345678", Pii(threshold=0.9, thresholds={"CN_MOBILE": 0.7}))) == ["CN_MOBILE"]
    assert Pii(thresholds={"CN_MOBILE": 0.7}).identity() != Pii().identity()


@pytest.mark.parametrize(
    ("scorer", "remedy"),
    [
        (Pii(thresholds={"CN_MOBIL": 0.4}), "did you mean 'CN_MOBILE'"),
        (Pii(entities=("US_BANK_NUMBR",)), "did you mean 'US_BANK_NUMBER'"),
        (Pii(entities=("in_aadhar",)), "did you mean 'IN_AADHAAR'"),
        (Pii(thresholds={"URL": 0.4}), "add it to `entities`"),
        (Pii(thresholds={"PERSON": 0.4}), "add it to `entities`"),
        (Pii(thresholds={"CN_MOBILE": 1.2}), "thresholds.CN_MOBILE must be above 0"),
        (Pii(seconds=0.0), "seconds must be above 0"),
    ],
)
def test_load_names_the_remedy(scorer: Pii, remedy: str) -> None:
    with pytest.raises(UsageError, match=remedy):
        scorer.load()


def test_a_bench_sets_thresholds_and_known_records(tmp_path: Path) -> None:
    from aigc_eval.config.options import check

    values, faults = check(Pii, {"thresholds": {"CN_PASSPORT": 0.4}, "seconds": 5})
    assert not faults
    assert values == {"thresholds": {"CN_PASSPORT": 0.4}, "seconds": 5.0}
    assert check(Pii, {"thresholds": {"CN_PASSPORT": "low"}})[1]


@pytest.mark.slow
def test_a_spacy_model_adds_places_addresses_and_groups(tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    nlp = spacy.blank("zh")
    names = {"王小明": "PERSON", "青山镇": "GPE", "幸福里三号": "ADDRESS", "东方公司": "ORG", "佛教徒": "NORP"}
    nlp.add_pipe("entity_ruler").add_patterns([{"label": label, "pattern": text} for text, label in names.items()])
    nlp.to_disk(tmp_path / "names")
    kinds = ("PERSON", "LOCATION", "ADDRESS", "ORGANIZATION", "NRP")
    text = "，".join(names)
    model = ModelRef(str(tmp_path / "names"))
    assert labels(score(text, Pii(entities=kinds, ner=model))) == list(kinds)
    found = score(text, Pii(entities=kinds, ner=model)).parts
    assert (found["identity"], found["contact"], found["organisation"]) == (2, 2, 1)
    assert labels(score(text, Pii(ner=model))) == ["PERSON"]
    strict = Pii(entities=kinds, ner=model, thresholds={"LOCATION": 0.9})
    assert labels(score(text, strict)) == [k for k in kinds if k != "LOCATION"]
