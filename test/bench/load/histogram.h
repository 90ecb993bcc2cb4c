// Latencies in buckets that grow with the value: 128 to each doubling, so that a quantile is right to 0.8 %.
#pragma once
#include <stdint.h>

void histogram_record(uint64_t nanoseconds);

// Forgets everything recorded.
void histogram_clear(void);

// The value below which the share `quantile` (0 to 1) of all records lies, in microseconds; 0 when there are none.
double histogram_quantile(double quantile);

// The largest record, in microseconds.
double histogram_largest(void);
