"""Why a caller cannot use his money: what is known of his number, said in words with the mend.

`finding` looks and ranks, `words` says it in German and English.
"""
