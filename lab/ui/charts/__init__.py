"""Charts: what changed over time, as lines; and who owned which partition when, as bars (`gantt`).

The strip shows three of them always; the analysis view shows one in full, to zoom, to compare before and after a fault,
and to export. Every chart is an entry of the catalogue; `lines` asks the session for its series, and one `Plot` draws
them all.
"""
