"""Pure: what is wrong with an answer, a stream of answers, a golden run?"""
