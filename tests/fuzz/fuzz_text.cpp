// Names and ids from users or files: accepted and then unchanged, or refused with our own error.

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/stream.hpp>
#include <stele/eventstore/uuid.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    try {
        const stele::stream_id stream(text);
        if (stream.str() != text || stream.category().empty() || size > stele::max_stream_name_bytes) std::abort();
        if (!stream.instance_id().empty() && stele::stream_id(stream.category(), stream.instance_id()) != stream)
            std::abort();
    } catch (const stele::error& refusal) {
        if (refusal.kind() != stele::error_kind::invalid_argument) std::abort();
    }
    if (const auto id = stele::uuid::parse(text); id && stele::uuid::parse(id->str()) != id) std::abort();
    return 0;
}
