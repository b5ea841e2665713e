package com.example.reader;

import java.util.Map;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.http.MediaType;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.annotation.RegisteredOAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.web.DefaultOAuth2AuthorizationRequestResolver;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizationRequestCustomizers;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizedClientRepository;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.util.LinkedMultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.RestClient;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;

@SpringBootApplication
@RestController
public class Reader {
    private final RestClient http = RestClient.create();
    private final OAuth2AuthorizedClientRepository kept;
    private final String issuer;

    Reader(
            OAuth2AuthorizedClientRepository kept,
            @Value("${spring.security.oauth2.client.provider.memories.issuer-uri}") String issuer) {
        this.kept = kept;
        this.issuer = issuer;
    }

    @Bean
    static SecurityFilterChain security(HttpSecurity security, ClientRegistrationRepository clients) throws Exception {
        // Before Spring Security 7, PKCE is for public clients alone unless you say so.
        var resolver = new DefaultOAuth2AuthorizationRequestResolver(clients, "/oauth2/authorization");
        resolver.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce());
        return security
                .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                .oauth2Login(login -> login.authorizationEndpoint(end -> end.authorizationRequestResolver(resolver)))
                .csrf(csrf -> csrf.spa())
                .build();
    }

    // An access token that has run out, or soon will, is renewed on the way, and the new refresh token kept.
    @GetMapping("/me")
    Map<?, ?> me(@RegisteredOAuth2AuthorizedClient("memories") OAuth2AuthorizedClient client) {
        return http.get()
                .uri(issuer + "/api/me/")
                .headers(headers -> headers.setBearerAuth(client.getAccessToken().getTokenValue()))
                .retrieve()
                .body(Map.class);
    }

    @PostMapping("/disconnect")
    Map<?, ?> disconnect(Authentication person, HttpServletRequest request, HttpServletResponse response) {
        OAuth2AuthorizedClient client = kept.loadAuthorizedClient("memories", person, request);
        var app = client.getClientRegistration();
        var form = new LinkedMultiValueMap<String, String>();
        form.add("token", client.getRefreshToken().getTokenValue());
        http.post()
                .uri(issuer + "/oauth/revoke")
                .headers(headers -> headers.setBasicAuth(app.getClientId(), app.getClientSecret()))
                .contentType(MediaType.APPLICATION_FORM_URLENCODED)
                .body(form)
                .retrieve()
                .toBodilessEntity();
        kept.removeAuthorizedClient("memories", person, request, response);
        return Map.of("disconnected", true);
    }

    public static void main(String[] arguments) {
        SpringApplication.run(Reader.class, arguments);
    }
}
