"""Loaded models that scorers share: each is opened once, batched by length, and never cuts a text in silence.

    classifier.Classifier        probabilities of a sequence classifier's labels
    nli.Nli                      entailment, neutral, contradiction of (premise, hypothesis)
    embedder.Embedder            sentence embeddings
    language_model.LanguageModel likelihood of texts, of their tokens, and of choices after a context
    chat.LocalChat, EndpointChat answers to conversations, by a local model or an OpenAI-compatible endpoint
    judge.Judge                  verdicts by a rubric, from a chat model

Nothing heavy is imported before a model is opened.
"""
