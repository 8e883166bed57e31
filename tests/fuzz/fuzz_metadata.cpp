// Metadata as a file may contain it: whatever can be read can be written and reads the same.

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/metadata.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto read = stele::decode_metadata({reinterpret_cast<const char*>(data), size});
        if (stele::decode_metadata(stele::encode(read)) != read) std::abort();
    } catch (const stele::error& refusal) {
        if (refusal.kind() != stele::error_kind::undecodable) std::abort();
    }
    return 0;
}
