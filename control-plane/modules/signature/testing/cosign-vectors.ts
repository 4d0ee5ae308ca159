/**
 * What sigstore's own library (github.com/sigstore/sigstore 1.9.5, with the key sealed by
 * go-securesystemslib 0.9.1) wrote: a key pair as `cosign generate-key-pair` does, and a signature.
 */
export const COSIGN_PASSWORD = 'correct-horse';

export const COSIGN_KEY = `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----
eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6
OCwicCI6MX0sInNhbHQiOiJwa2EzY3ZvQmx6U1FvaFZpam12bnZXUHprV0xIRFdi
dTJmRURjQnM2cDNjPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94
Iiwibm9uY2UiOiJ6WUFkQVRxc0NaN0RWMnJZRUpFczc2ay9qL0FVdmd6ZyJ9LCJj
aXBoZXJ0ZXh0IjoiTG1ZNTF4Mm1xSU5ZK0xZV2NYUWNQM3o5QVJzVXQ1akpxZThL
SHlFQ1VtekdtQ3hrTmFoWUlMM2lmU0ZoZTQ1SWd4UmxSb1VSOHdJRVpHN2FJYkNH
K2JNL2dHeUp4RGNBYTFUN1ZrS0tMdDBtTVluV3JXVmVWK2JwemZUWERBcjVLVGlS
YlBEN2NrS1g3MzJncXBNYVBpcXEyRmVqaUE3T3B4ckVNMm5WOUkydG9WWEs2YUJQ
YlA3cU5PK3cweFF0cFlhYy9BVHRWdkpUdGc9PSJ9
-----END ENCRYPTED SIGSTORE PRIVATE KEY-----
`;

export const COSIGN_PUB = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEwqZR1QTdOr/Z5xAc6U2tI/avm4yN
Cptz3v6khEaXnmzBlodZ2ATWdM7qfBXVhVqOTIFeW6rrpOHa74OT2WYf+Q==
-----END PUBLIC KEY-----
`;

/** Over the six bytes `lateen`, by this key. */
export const COSIGN_SIGNATURE =
  'MEUCIEL6sQmTEcZNLBnaY0obMGvCEII4/BU5XzHEpUwCCoPWAiEAqG7toL5pZC8uyImzj9Tgd/pUavb0CshE7naTlJnwD2s=';

/** A bundle that sigstore-go 0.7.3 made, for an image with the digest of 64 times `a`. */
export const BUNDLE = [
  '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"pu',
  'blicKey":{"hint":"uNpbUhC/NwePM0EBcuYPqGSdkNIxkh6O2kxT9keDOGg="}},"dsseEnvelope":{"paylo',
  'ad":"eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJkaWdlc3Q',
  'iOnsic2hhMjU2IjoiYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWF',
  'hYWFhYWFhYWFhYSJ9fV0sInByZWRpY2F0ZVR5cGUiOiJodHRwczovL3NpZ3N0b3JlLmRldi9jb3NpZ24vc2lnbi9',
  '2MSIsInByZWRpY2F0ZSI6e319","payloadType":"application/vnd.in-toto+json","signatures":[{"',
  'sig":"MEQCICq7Ra0068juhWyfXvyUpbjKk2S/K5Iw5MvIILYyzXhTAiArDsMmZH9ACWoqiNaljoWmv86J1GjnYB',
  'XQVLlApnO25w=="}]}}',
].join('');

export const BUNDLE_PUB = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQUu31HPDK0Ts+mZo4uFBIXg8E7Bc
0Y9jaUPPX9Jzrrdxt8zJhL8NZx8YIE7ehQbbICLHuRgDnnS45ejun5ladw==
-----END PUBLIC KEY-----
`;
