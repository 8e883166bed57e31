#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Numbers in the keys of documents: 8 bytes, big-endian, so that the bytes sort as the numbers do.
namespace stele::inline v0::detail {

inline constexpr std::size_t number_key_bytes = 8;

inline std::string number_key(std::uint64_t number) {
    std::string bytes(number_key_bytes, '\0');
    for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte, number >>= 8)
        *byte = static_cast<char>(number & 0xFF);
    return bytes;
}

/// Reads the first 8 bytes, or those that there are.
inline std::uint64_t number_in_key(std::string_view bytes) {
    std::uint64_t number = 0;
    for (const char byte : bytes.substr(0, number_key_bytes)) number = number << 8 | static_cast<unsigned char>(byte);
    return number;
}

}  // namespace stele::inline v0::detail
