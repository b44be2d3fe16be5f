"""Codes as sentences: English msgids of what the desk shows; the catalogue has the Chinese."""

from __future__ import annotations

STATES = {
    "in-review": "Waiting for a decision",
    "assigned": "In hand",
    "merged": "Merged",
    "resolved": "Answered",
    "declined": "Declined",
    "withdrawn": "Withdrawn",
}
ACTIONS = {
    "opened": "Received",
    "reconsidered": "Decided anew",
    "corrected": "Transcript corrected",
    "confirmed": "Transcript confirmed",
    "assigned": "Assigned by a person",
    "declined": "Declined by a person",
    "resolved": "Answered",
    "acknowledged": "Emergency seen to",
    "withdrawn": "Withdrawn by the resident",
    "supervised": "Supervision",
    "example-removed": "Taken out of the examples",
    "merged": "Merged with another case",
    "dismissed": "Found to be another matter",
}
CORRECTED = {
    ("resident", True): "Text confirmed by the resident",
    ("resident", False): "Text corrected by the resident",
    ("clerk", True): "Text confirmed by a clerk",
    ("clerk", False): "Text corrected by a clerk",
}
METHODS = {
    "hotline-code": "Hotline's code",
    "rule": "Rule",
    "model": "Text model",
    "person": "Person",
}
CHANNELS = {
    "web": "Text",
    "voice": "Voice",
    "video": "Video",
    "hotline": "Hotline",
    "collector": "Collector",
}
ROLES = {"clerk": "Clerk", "handler": "Handler", "supervisor": "Supervisor", "leader": "Leader"}
IDENTITIES = {"named": "Named", "sealed": "Sealed: the person is not shown", "anonymous": "Anonymous"}
OUTCOMES = {
    "adopted": "Adopted",
    "partly-adopted": "Partly adopted",
    "kept-for-reference": "Kept for reference",
    "not-adopted": "Not adopted",
}
VERDICTS = {
    "clear": "Clear",
    "doubtful": "Doubtful",
    "no-speech": "No speech heard",
    "unusable": "Not usable",
}
EVIDENCE = {
    "rule": "Rule of the pack",
    "word": "Word",
    "hotline-code": "Category code given by the hotline",
    "model-class": "Class seen by the text model",
    "model-word": "Word that the model weighed",
    "place": "Place named",
    "emergency-word": "Word of danger",
    "emergency-pointer": "Numbers to call",
    "ground": "Ground for declining",
    "advertising": "Sign of advertising",
    "nature": "Nature given by the sender",
    "enquiry-word": "Word of an enquiry",
    "empty": "No contents",
    "test-text": "Test text",
    "length": "Characters",
    "reason": "Reason given",
    "merged-into": "Merged into",
}
FACTS = {
    "meaning": "Same meaning",
    "place": "Place",
    "category": "Same class",
    "time": "Days apart",
    "person": "Same person",
}
"""Why two cases may be one."""

FORMS = {
    "receipt": "Receipt",
    "acceptance": "Acceptance notice",
    "review": "Notice of review",
    "decline": "Notice of decline",
    "assignment": "Transfer order",
    "question": "Question",
    "progress": "Progress",
    "result": "Result notice",
    "supervision": "Supervision order",
}
NOTICE_CHANNELS = {"page": "Tracking page", "email": "E-mail", "sms": "SMS", "webhook": "Webhook"}
AUDIENCES = {"resident": "Resident", "unit": "Unit", "leader": "Leader"}
MEDIA_ROLES = {
    "original": "Original",
    "audio": "Sound",
    "poster": "Still picture",
    "web-copy": "Copy for browsers",
    "captions": "Captions",
    "key-frame": "Key frame",
}
LEVELS = {"reminder": "Reminder", "yellow": "Yellow order", "red": "Red order"}
HEARD = {
    "nothing-heard": "nothing was heard",
    "no-speech-likely": "probably nobody speaks",
    "no-speech-possible": "perhaps nobody speaks",
    "no-speech-detected": "no voice found",
    "little-speech": "little is said",
    "too-little-said": "too little is said",
    "words-missing": "a part of what is said is missing",
    "low-confidence": "the words are uncertain",
    "not-understood": "not understood",
    "repetition": "words repeat themselves",
    "unlikely-rate": "an unlikely pace",
    "unlikely-text": "an unlikely text",
    "possible-hallucination": "perhaps invented by the machine",
    "known-hallucination": "words that machines invent",
    "noise-in-words": "noise taken for words",
    "prompt-echo": "an echo of the instructions",
    "other-language": "perhaps another language or dialect",
    "not-chinese-text": "not Chinese text",
}
FALLBACK = "Fallback unit"
