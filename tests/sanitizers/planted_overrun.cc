// Writes one byte behind an Arrow buffer: the build under ASan must die of it, or it watches nothing.
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>

#include <cstdio>

int main() {
  auto buffer = arrow::AllocateBuffer(1024, arrow::default_memory_pool());
  if (!buffer.ok()) return 2;
  volatile uint8_t* bytes = (*buffer)->mutable_data();
  bytes[(*buffer)->capacity()] = 1;
  std::printf("an overrun went unseen\n");
  return 0;
}
