// Patches of an image read in place. The image's pixels, 32 channels at a time, become cells in one row: images, rows
// and pixels one after the other with zeros between them, so that every tap is a fixed distance and 16 cells are a
// tile. Rows of C are numbered likewise: some (in the gaps) belong to no pixel and are not stored. With a step of 2 the
// even and odd rows and columns of the image are rows of cells of their own (phases), and each tap reads one of them.
// Small images would be mostly gaps. So where there are several and the step is 1, cells of the same pixel of up to 32
// images lie side by side: the gaps around an image then fill tiles of their own, which nobody multiplies, and at the
// image's edge whole tiles lie outside for some taps, which are left out. A's patches: convolutions and their gradients
// of images (band_amx.h); B's: gradients of weights (band_weights_amx.h).
#pragma once
#include <cstdint>

namespace dl {

struct Gemm;
struct Patches;

struct Band {
  int64_t cells;  // A's patches: rows of C with the gaps; B's: terms of a sum with them; 0: not for this product
  int64_t width, height;     // pixels from a row of them to the next; such rows from a group of images to the next
  int64_t together, groups;  // images of a group, whose pixels lie side by side; groups
  int64_t first, reach;      // the nearest tap's distance in cells, and the farthest's from there
  int64_t phase;             // pixels of the image between two cells: the grid's step
  int64_t channels;          // A's: of a block of K, all taps of so many channels
  int64_t block;             // B's: cells that are split at a time
  int64_t elements;          // of scratch for one task's cells in parts
  double share;              // of the cells × taps without gaps: what is multiplied
};
constexpr int64_t kMostTaps = 64;        // 7×7 and less
constexpr int64_t kMostBandSteps = 256;  // of 32 k in a block

int64_t taps_of(const Patches& p);
// Rows and columns of outputs whose tap lies inside the image, the mean over the taps.
struct Inside {
  double rows, columns;
};
Inside inside_of(const Patches& p);
// Of up to `most` images side by side: bfloat16 takes one, for it copies a task's cells of all channels together.
Band band_of(const Gemm& g, int64_t most);
constexpr int64_t kMostTogether = 32;  // the rows of a panel: a tap that is outside for one pixel is left out

}  // namespace dl
