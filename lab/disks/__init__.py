"""Disks: folders of the machine outside, laid out as Apache Kafka lays out its log directories.

The engine asks its host's disk for files (`lab.env.disk`) and knows no others. Here is a disk whose files are real
(`file_disk`), the folder of a served cluster with one such disk a machine (`data_folder`), the way of a simulated disk
out to such a folder and back in (`exporting`), and a reader of log folders that trusts nothing in them (`reading`,
`segments`, `small_files`; `printing` shows what it found).
"""
