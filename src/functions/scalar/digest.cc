// Digests: md5 as hexadecimal text, sha224 … sha512 as bytes. The algorithms are libmd's.
#include <md5.h>
#include <sha2.h>

#include "functions/binding.h"
#include "functions/byte_encoding.h"
#include "functions/text_input.h"

namespace llkv {

namespace {

using Digest = std::span<const uint8_t>;

const uint8_t* BytesOf(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

template <void (*initialize)(SHA2_CTX*), void (*update)(SHA2_CTX*, const uint8_t*, size_t),
          void (*finish)(uint8_t*, SHA2_CTX*), size_t size>
Digest Sha2(std::string_view text, uint8_t* room) {
  SHA2_CTX context;
  initialize(&context);
  update(&context, BytesOf(text), text.size());
  finish(room, &context);
  return {room, size};
}

// SHA-224 is SHA-256 from another start, cut to 28 bytes (FIPS 180-4, 5.3.2 and 6.3).
void StartSha224(SHA2_CTX* context) {
  constexpr uint32_t kStart[] = {0xC1059ED8, 0x367CD507, 0x3070DD17, 0xF70E5939,
                                 0xFFC00B31, 0x68581511, 0x64F98FA7, 0xBEFA4FA4};
  SHA256Init(context);
  std::copy(std::begin(kStart), std::end(kStart), context->state.st32);
}

Digest Sha224(std::string_view text, uint8_t* room) {
  return Sha2<StartSha224, SHA256Update, SHA256Final, 28>(text, room);
}
Digest Sha256(std::string_view text, uint8_t* room) {
  return Sha2<SHA256Init, SHA256Update, SHA256Final, SHA256_DIGEST_LENGTH>(text, room);
}
Digest Sha384(std::string_view text, uint8_t* room) {
  return Sha2<SHA384Init, SHA384Update, SHA384Final, SHA384_DIGEST_LENGTH>(text, room);
}
Digest Sha512(std::string_view text, uint8_t* room) {
  return Sha2<SHA512Init, SHA512Update, SHA512Final, SHA512_DIGEST_LENGTH>(text, room);
}

template <Digest (*digest)(std::string_view, uint8_t*)>
arrow::Status BytesKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                          uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    uint8_t room[SHA512_DIGEST_LENGTH];
    const Digest bytes = digest(input[row].view(), room);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    ARROW_ASSIGN_OR_RAISE(out.data<StringRef>()[row], context.arena->Copy(text));
    return arrow::Status::OK();
  });
}

arrow::Status Md5Kernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                        uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  std::string text;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    MD5_CTX state;
    uint8_t bytes[MD5_DIGEST_LENGTH];
    MD5Init(&state);
    MD5Update(&state, BytesOf(input[row].view()), input[row].size);
    MD5Final(bytes, &state);
    text.clear();
    AppendHex({reinterpret_cast<const char*>(bytes), sizeof(bytes)}, false, &text);
    ARROW_ASSIGN_OR_RAISE(out.data<StringRef>()[row], context.arena->Copy(text));
    return arrow::Status::OK();
  });
}

arrow::Result<BoundScalar> BindMd5(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{TypeId::kVarchar}, TypeId::kVarchar, Md5Kernel, false, true},
                                                  {{TypeId::kBlob}, TypeId::kVarchar, Md5Kernel, false, true}};
  return BindOverloads(self, input, overloads);
}

template <Digest (*digest)(std::string_view, uint8_t*)>
arrow::Result<BoundScalar> BindSha(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{TypeId::kBlob}, TypeId::kBlob, BytesKernel<digest>, false, true}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterDigest(FunctionRegistry& registry) {
  const auto add = [&](const char* name, const char* text, const char* example, auto bind) {
    registry.Add(ScalarFunction{name, {}, text, example, bind});
  };
  add("md5", "MD5 digest of text or bytes, in hexadecimal digits.", "md5('abc')", BindMd5);
  add("sha224", "SHA-224 digest of bytes.", "sha224('abc'::BLOB)", BindSha<Sha224>);
  add("sha256", "SHA-256 digest of bytes.", "sha256('abc'::BLOB)", BindSha<Sha256>);
  add("sha384", "SHA-384 digest of bytes.", "sha384('abc'::BLOB)", BindSha<Sha384>);
  add("sha512", "SHA-512 digest of bytes.", "sha512('abc'::BLOB)", BindSha<Sha512>);
}

}  // namespace llkv
