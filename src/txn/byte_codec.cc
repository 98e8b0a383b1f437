// See byte_codec.h.
#include "txn/byte_codec.h"

#include <string>

#include "base/error.h"

namespace llkv {

arrow::Status ByteReader::Check(std::string_view what) const {
  if (ok_) return arrow::Status::OK();
  return Corrupted(std::string(what) + " is damaged: it ends too early or holds an impossible value");
}

arrow::Status ByteReader::Finish(std::string_view what) const {
  ARROW_RETURN_NOT_OK(Check(what));
  if (!AtEnd()) return Corrupted(std::string(what) + " is damaged: bytes are left over");
  return arrow::Status::OK();
}

}  // namespace llkv
