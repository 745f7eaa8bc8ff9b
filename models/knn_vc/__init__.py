"""kNN-VC: every frame of speech becomes the mean of those of a clip that are nearest to it. Nothing is trained."""
