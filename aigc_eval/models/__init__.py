"""Loaded models that scorers share: each is opened once, batched by length, and never cuts a text in silence.

    classifier.Classifier        probabilities of a sequence classifier's labels
    nli.Nli                      entailment, neutral, contradiction of (premise, hypothesis)

Nothing heavy is imported before a model is opened.
"""
