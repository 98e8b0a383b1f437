// The parts of Pager that every backend shares.
#include "pager/pager.h"

#include <utility>

namespace llkv {

arrow::Result<std::shared_ptr<arrow::Buffer>> Pager::Get(PhysicalKey key, const PagerSnapshot* snapshot) {
  ARROW_ASSIGN_OR_RAISE(auto blobs, Get(std::span<const PhysicalKey>(&key, 1), snapshot));
  return std::move(blobs.front());
}

arrow::Result<Lsn> Pager::Commit(WriteBatch& batch, const CommitOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const CommitTicket ticket, Submit(batch, options));
  ARROW_RETURN_NOT_OK(WaitDurable(ticket));
  return ticket.lsn;
}

}  // namespace llkv
