// Radix sort and k-way merge of sort entries, for 1 to 4 key words.
#include "exec/operators/sort_entries.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace llkv {
namespace {

template <uint32_t kWords>
struct Entry {
  uint64_t key[kWords];
  uint8_t* row;
};

template <uint32_t kWords>
struct EntryLess {
  const TieOrder& ties;
  uint32_t first_word = 0;

  bool operator()(const Entry<kWords>& a, const Entry<kWords>& b) const {
    for (uint32_t w = first_word; w < kWords; ++w) {
      if (a.key[w] != b.key[w]) return a.key[w] < b.key[w];
    }
    return !ties.empty() && ties.Compare(a.row, b.row) < 0;
  }
};

template <uint32_t kWords>
class EntrySorter {
 public:
  EntrySorter(const TieOrder& ties, const StopToken& stop) : ties_(ties), stop_(stop) {}

  /// Sorts the `n` entries at `a`; the result is at `b` where `to_b`, else at `a`. Words before `word` are equal.
  void Sort(Entry<kWords>* a, Entry<kWords>* b, int64_t n, uint32_t word, bool to_b) {
    if (n <= kInsertionSize) {
      InsertionSort(a, n, word);
      if (to_b) std::copy(a, a + n, b);
      return;
    }
    uint64_t different = 0;
    for (; word < kWords; ++word) {
      const uint64_t first = a[0].key[word];
      const bool done = InBlocks(n, [&](int64_t i) { different |= a[i].key[word] ^ first; });
      if (!done) return;
      if (different != 0) break;
    }
    if (word == kWords) {
      if (!ties_.empty()) {
        MergeSort(a, b, n, to_b);
      } else if (to_b) {
        std::copy(a, a + n, b);
      }
      return;
    }
    if (n > kPollSize && stop_.stop_requested()) return;
    RadixPass(a, b, n, word, different, to_b);
  }

 private:
  static constexpr int64_t kInsertionSize = 24;
  static constexpr int64_t kPollSize = 4096;
  /// Each row of a scatter may touch a fresh page, and a huge one takes milliseconds.
  static constexpr int64_t kPollRows = 32;
  static constexpr int64_t kPollBlock = 1 << 16;
  static constexpr uint32_t kMaxDigitBits = 11;

  /// Calls f for each of 0 … n - 1; false where it was told to stop.
  template <typename F>
  bool InBlocks(int64_t n, F&& f) const {
    for (int64_t begin = 0; begin < n; begin += kPollBlock) {
      if (n > kPollBlock && stop_.stop_requested()) return false;
      const int64_t end = std::min(n, begin + kPollBlock);
      for (int64_t i = begin; i < end; ++i) f(i);
    }
    return true;
  }

  void RadixPass(Entry<kWords>* a, Entry<kWords>* b, int64_t n, uint32_t word, uint64_t different, bool to_b) {
    const auto varying = static_cast<uint32_t>(std::bit_width(different));
    const auto wanted = static_cast<uint32_t>(std::bit_width(static_cast<uint64_t>(n))) - 3;
    const uint32_t bits = std::min({varying, kMaxDigitBits, wanted});
    const uint32_t shift = varying - bits;
    const uint64_t mask = (uint64_t{1} << bits) - 1;
    int64_t ends[1 << kMaxDigitBits];
    const uint32_t num_buckets = 1U << bits;
    std::fill_n(ends, num_buckets, int64_t{0});
    if (!InBlocks(n, [&](int64_t i) { ++ends[(a[i].key[word] >> shift) & mask]; })) return;
    int64_t begin = 0;
    for (uint32_t d = 0; d < num_buckets; ++d) {
      const int64_t count = ends[d];
      ends[d] = begin;
      begin += count;
    }
    // The first pass over a large run may touch fresh pages for seconds.
    for (int64_t first = 0; first < n; first += kPollRows) {
      if (n > kPollSize && stop_.stop_requested()) return;
      const int64_t last = std::min(n, first + kPollRows);
      for (int64_t i = first; i < last; ++i) b[ends[(a[i].key[word] >> shift) & mask]++] = a[i];
    }
    begin = 0;
    for (uint32_t d = 0; d < num_buckets; ++d) {
      const int64_t count = ends[d] - begin;
      if (count == 1) {
        if (!to_b) a[begin] = b[begin];
      } else if (count > 1) {
        Sort(b + begin, a + begin, count, word, !to_b);
      }
      begin = ends[d];
    }
  }

  void InsertionSort(Entry<kWords>* a, int64_t n, uint32_t word) {
    const EntryLess<kWords> less{ties_, word};
    for (int64_t i = 1; i < n; ++i) {
      const Entry<kWords> entry = a[i];
      int64_t k = i;
      for (; k > 0 && less(entry, a[k - 1]); --k) a[k] = a[k - 1];
      a[k] = entry;
    }
  }

  void MergeSort(Entry<kWords>* a, Entry<kWords>* b, int64_t n, bool to_b) {
    if (n <= kInsertionSize) {
      InsertionSort(a, n, kWords);
      if (to_b) std::copy(a, a + n, b);
      return;
    }
    if (n > kPollSize && stop_.stop_requested()) return;
    const int64_t half = n / 2;
    MergeSort(a, b, half, !to_b);
    MergeSort(a + half, b + half, n - half, !to_b);
    // Halves that were left unsorted are not where they are looked for.
    if (n > kPollSize && stop_.stop_requested()) return;
    const Entry<kWords>* from = to_b ? a : b;
    const EntryLess<kWords> less{ties_, kWords};
    int64_t left = 0;
    int64_t right = half;
    Entry<kWords>* out = to_b ? b : a;
    InBlocks(n, [&](int64_t i) {
      const bool take_right = right < n && (left == half || less(from[right], from[left]));
      out[i] = from[take_right ? right++ : left++];
    });
  }

  const TieOrder& ties_;
  const StopToken& stop_;
};

template <uint32_t kWords>
int64_t LowerBound(const SortRun& run, const uint64_t* entry, const TieOrder& ties) {
  const auto* begin = reinterpret_cast<const Entry<kWords>*>(run.entries);
  Entry<kWords> wanted;
  std::memcpy(&wanted, entry, sizeof(wanted));
  return std::lower_bound(begin, begin + run.size, wanted, EntryLess<kWords>{ties}) - begin;
}

template <uint32_t kWords>
arrow::Status Merge(std::span<const SortRun> runs, const TieOrder& ties, const StopToken& stop, uint8_t** rows) {
  struct Head {
    const Entry<kWords>* next;
    const Entry<kWords>* end;
    size_t run;
  };
  const EntryLess<kWords> less{ties};
  const auto after = [&](const Head& a, const Head& b) {
    if (less(*a.next, *b.next)) return false;
    return less(*b.next, *a.next) || a.run > b.run;
  };
  std::vector<Head> heap;
  for (size_t r = 0; r < runs.size(); ++r) {
    const auto* begin = reinterpret_cast<const Entry<kWords>*>(runs[r].entries);
    if (runs[r].size > 0) heap.push_back({begin, begin + runs[r].size, r});
  }
  std::make_heap(heap.begin(), heap.end(), after);
  for (int64_t done = 0; heap.size() > 2; ++done) {
    if ((done & 0xFFFF) == 0) ARROW_RETURN_NOT_OK(stop.Check());
    std::pop_heap(heap.begin(), heap.end(), after);
    Head& head = heap.back();
    *rows++ = (head.next++)->row;
    if (head.next == head.end) {
      heap.pop_back();
    } else {
      std::push_heap(heap.begin(), heap.end(), after);
    }
  }
  if (heap.size() == 2) {
    if (heap[0].run > heap[1].run) std::swap(heap[0], heap[1]);
    Head& a = heap[0];
    Head& b = heap[1];
    for (int64_t done = 0; a.next != a.end && b.next != b.end; ++done) {
      if ((done & 0xFFFF) == 0) ARROW_RETURN_NOT_OK(stop.Check());
      const bool take_b = less(*b.next, *a.next);
      *rows++ = take_b ? b.next->row : a.next->row;
      a.next += take_b ? 0 : 1;
      b.next += take_b ? 1 : 0;
    }
  }
  for (const Head& head : heap) {
    for (const Entry<kWords>* entry = head.next; entry != head.end; ++entry) *rows++ = entry->row;
  }
  return arrow::Status::OK();
}

/// Calls f(std::integral_constant<uint32_t, num_words>).
template <typename F>
auto VisitWords(uint32_t num_words, F&& f) {
  switch (num_words) {
    case 1:
      return f(std::integral_constant<uint32_t, 1>{});
    case 2:
      return f(std::integral_constant<uint32_t, 2>{});
    case 3:
      return f(std::integral_constant<uint32_t, 3>{});
    default:
      return f(std::integral_constant<uint32_t, 4>{});
  }
}

}  // namespace

arrow::Status SortEntries(SortRun run, uint64_t* scratch, uint32_t num_words, const TieOrder& ties,
                          const StopToken& stop) {
  VisitWords(num_words, [&](auto words) {
    using E = Entry<decltype(words)::value>;
    EntrySorter<decltype(words)::value> sorter(ties, stop);
    sorter.Sort(reinterpret_cast<E*>(run.entries), reinterpret_cast<E*>(scratch), run.size, 0, false);
  });
  return stop.Check();
}

int64_t LowerBoundEntry(const SortRun& run, const uint64_t* entry, uint32_t num_words, const TieOrder& ties) {
  return VisitWords(num_words, [&](auto words) { return LowerBound<decltype(words)::value>(run, entry, ties); });
}

arrow::Status MergeEntries(std::span<const SortRun> runs, uint32_t num_words, const TieOrder& ties,
                           const StopToken& stop, uint8_t** rows) {
  return VisitWords(num_words, [&](auto words) { return Merge<decltype(words)::value>(runs, ties, stop, rows); });
}

}  // namespace llkv
