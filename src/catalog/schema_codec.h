// The stored form of schema values: what the definition column of the catalog's table holds.
#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>

#include "catalog/schema.h"

namespace llkv {

std::string EncodeTableSchema(const TableSchema& schema);
std::string EncodeViewSchema(const ViewSchema& schema);
std::string EncodeTypeSchema(const TypeSchema& schema);
/// Any bytes may be given: XX001 for damaged ones, 0A000 for a newer format.
arrow::Result<TableSchema> DecodeTableSchema(std::string_view bytes);
arrow::Result<ViewSchema> DecodeViewSchema(std::string_view bytes);
arrow::Result<TypeSchema> DecodeTypeSchema(std::string_view bytes);

}  // namespace llkv
