"""OpenVoice v2's tone color converter: speech keeps its words and manner, and takes on the timbre of a clip."""
