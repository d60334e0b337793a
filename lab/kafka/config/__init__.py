"""Every setting the lab honours, defined once: name, type, range, default, meaning, dynamic or not.

Defaults are those of Apache Kafka 4.0 unless the meaning says otherwise; `docs/differences.md` lists
where the lab is more lenient (segments smaller than 1 MiB, for one).
"""
