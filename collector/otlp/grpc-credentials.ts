import type { experimental } from '@grpc/grpc-js';
import { experimental as grpc, ServerCredentials } from '@grpc/grpc-js';
import type { Certificate } from '../tls.js';

/** How a gRPC server shows who it is: by a certificate that may change, or in the clear where that is null. */
export function grpcCredentials(certificate: Certificate | null): ServerCredentials {
  if (certificate === null) return ServerCredentials.createInsecure();
  // What is told while a listener is being added does not reach the server: it is told right after.
  const provider: experimental.CertificateProvider = {
    addIdentityCertificateListener: (listener) => {
      const tell = ({ cert, key }: ReturnType<Certificate['material']>): void =>
        listener({ certificate: cert, privateKey: key });
      queueMicrotask(() => tell(certificate.material()));
      certificate.onChange(tell);
    },
    addCaCertificateListener: (listener) => {
      const tell = ({ ca }: ReturnType<Certificate['material']>): void =>
        listener(ca === undefined ? null : { caCertificate: ca });
      queueMicrotask(() => tell(certificate.material()));
      certificate.onChange(tell);
    },
    removeIdentityCertificateListener: () => {},
    removeCaCertificateListener: () => {},
  };
  // Its first parameter is the provider of the server's own certificate, whatever it is called in the types.
  return grpc.createCertificateProviderServerCredentials(
    provider,
    certificate.asksClients ? provider : null,
    certificate.asksClients,
  );
}
