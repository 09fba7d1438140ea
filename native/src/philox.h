// Philox 4x64-10 (Salmon et al., 2011) as NumPy draws from it, so that masks are the same bits.
#pragma once

#include <array>
#include <cstdint>

namespace chainrule {

inline std::array<uint64_t, 4> philox(std::array<uint64_t, 4> counter, uint64_t key0, uint64_t key1) {
    for (int round = 0; round < 10; ++round) {
        const unsigned __int128 a = static_cast<unsigned __int128>(0xD2E7470EE14C6C93) * counter[0];
        const unsigned __int128 b = static_cast<unsigned __int128>(0xCA5A826395121157) * counter[2];
        counter = {static_cast<uint64_t>(b >> 64) ^ counter[1] ^ key0, static_cast<uint64_t>(b),
                   static_cast<uint64_t>(a >> 64) ^ counter[3] ^ key1, static_cast<uint64_t>(a)};
        key0 += 0x9E3779B97F4A7C15;
        key1 += 0xBB67AE8584CAA73B;
    }
    return counter;
}

// The n-th eight of the floats in [0, 1) that NumPy's `random(dtype=float32)` draws at a step.
inline void uniform_eight(uint64_t key0, uint64_t key1, uint64_t step, uint64_t n, float (&to)[8]) {
    const auto words = philox({n + 1, 0, 0, step}, key0, key1);
    for (int i = 0; i < 4; ++i) {
        to[2 * i] = static_cast<float>(static_cast<uint32_t>(words[i]) >> 8) * 0x1p-24f;
        to[2 * i + 1] = static_cast<float>(static_cast<uint32_t>(words[i] >> 32) >> 8) * 0x1p-24f;
    }
}

}  // namespace chainrule
