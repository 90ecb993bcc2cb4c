#include "histogram.h"

#include <string.h>

enum { BITS = 7, BUCKETS_PER_DOUBLING = 1 << BITS, BUCKETS = 64 << BITS };

static uint64_t buckets[BUCKETS];
static uint64_t records;
static uint64_t largest;

static int bucket_of(uint64_t value) {
  if (value < BUCKETS_PER_DOUBLING) return (int)value;
  int shift = 63 - __builtin_clzll(value) - BITS;
  return ((shift + 1) << BITS) + (int)((value >> shift) - BUCKETS_PER_DOUBLING);
}

static uint64_t lowest_of(int bucket) {
  int shift = (bucket >> BITS) - 1;
  if (shift < 0) return (uint64_t)bucket;
  return (uint64_t)((bucket & (BUCKETS_PER_DOUBLING - 1)) + BUCKETS_PER_DOUBLING) << shift;
}

void histogram_record(uint64_t nanoseconds) {
  buckets[bucket_of(nanoseconds)] += 1;
  records += 1;
  if (nanoseconds > largest) largest = nanoseconds;
}

void histogram_clear(void) {
  memset(buckets, 0, sizeof buckets);
  records = 0;
  largest = 0;
}

double histogram_quantile(double quantile) {
  uint64_t wanted = (uint64_t)(quantile * (double)records);
  uint64_t seen = 0;
  for (int bucket = 0; bucket < BUCKETS; bucket += 1) {
    seen += buckets[bucket];
    if (seen > wanted) return (double)lowest_of(bucket) / 1000.0;
  }
  return histogram_largest();
}

double histogram_largest(void) { return (double)largest / 1000.0; }
