"""Files to vectors: loaders, cleaning, sentences, chunks, encoders, model packs and the pipeline that joins them."""

__all__: list[str] = []
