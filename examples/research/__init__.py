"""Answer a question over a folder of documents, with a source for every statement."""
